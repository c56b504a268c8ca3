document.write("<script>1</script>");
