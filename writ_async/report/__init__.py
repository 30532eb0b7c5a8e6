"""Reports: what runs came to, as one page to send, Markdown, or JSON."""
