const f = new Float64Array([1.5, 2.5]), u8 = new Uint8Array([250, 260, -1]), c = new Uint8ClampedArray([300, -5]);
console.log(f, u8, c, f.map((x) => x * 2), u8.subarray(1), [...u8.entries()], Int16Array.from([1, 2, 3]).reduce((a, b) => a + b));
const view = new DataView(new ArrayBuffer(8)); view.setInt16(0, -2); view.setFloat32(4, 1.5, true);
console.log(view.getUint16(0).toString(16), view.getFloat32(4, true), new Uint8Array(view.buffer), view.byteLength);
const buf = new ArrayBuffer(4, { maxByteLength: 8 }); buf.resize(8); console.log(buf.byteLength, new Uint32Array(buf).length, ArrayBuffer.isView(f), new BigInt64Array([5n]), u8.toSorted(), Uint8Array.of(1, 2).join("-"), new Uint8Array([1, 2, 3]).slice(-2));
const b = Buffer.alloc(6); b.writeUInt16BE(258, 0); b.write("ab", 2); console.log(b, b.readUInt16LE(0), b.toString("latin1", 2, 4), b.slice(2, 4).toString(), b.indexOf("b"), Buffer.compare(Buffer.from("a"), Buffer.from("b")), [...Buffer.from("é")], Buffer.from("€").toString("hex"));
