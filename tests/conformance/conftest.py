"""The programs are data, whatever their names: nothing in them is collected."""

collect_ignore = ["programs"]
