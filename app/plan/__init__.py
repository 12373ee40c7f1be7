"""What a lead may change of a line: the wait plan, the opening hours, and which words are said when."""
