"""What is asked of rows: their fields, the language in which rows are filtered, and notes that people make on them."""
