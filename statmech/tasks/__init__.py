"""What a sweep runs and resumes: one kind of work per file."""
