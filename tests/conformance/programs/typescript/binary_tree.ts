type Tree<T> = { value: T; left?: Tree<T>; right?: Tree<T> } | undefined;
const insert = <T>(tree: Tree<T>, value: T): Tree<T> => !tree ? { value } : value < tree.value ? { ...tree, left: insert(tree.left, value) } : { ...tree, right: insert(tree.right, value) };
const walk = function* <T>(tree: Tree<T>): Generator<T> { if (tree) { yield* walk(tree.left); yield tree.value; yield* walk(tree.right); } };
const depth = (tree: Tree<unknown>): number => tree ? 1 + Math.max(depth(tree.left), depth(tree.right)) : 0;
const tree = [5, 2, 8, 1, 9, 3].reduce<Tree<number>>(insert, undefined);
console.log([...walk(tree)], depth(tree), tree);
