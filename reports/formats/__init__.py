"""What a report is written as: HTML, Markdown, CSV, LaTeX and the terminal."""
