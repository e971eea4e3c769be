"""People whose records are linked, or kept apart, in every way there is."""

HOME = {"street": "12 Elm Street", "city": "Boston", "postal_code": "02108"}
ANNA = {"first_name": "Anna", "last_name": "Smith", **HOME, "date_of_birth": "1980-02-03"}
FAMILY = (
    {"id": 1, **ANNA, "email": "Anna.Smith@example.com", "phone": "617 555 0101"},
    {"id": 2, **ANNA, "email": "anna.smith@example.com", "street": None, "postal_code": None},
    {"id": 3, "source": "shop", **ANNA, "street": None, "phone": "617 555 0101", "email": "as@example.org"},
    {"id": 4, **ANNA, "first_name": "Tom", "date_of_birth": "2010-05-06", "email": "tom@example.com"},
    {"id": 5, **ANNA, "date_of_birth": "1951-11-12"},
)
"""Three records of Anna: by rule and by the model; her son, and her aunt of the same name whom a rule would link."""
