"""What services say to each other: one module a service. Imports neither nameko nor sqlalchemy."""
