"""The assessment page: everything behind one patient's assessment, as views, as a page, and as a file of its own."""
