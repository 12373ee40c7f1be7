"""Who may do what: sign-in, roles, sessions, shifts."""
