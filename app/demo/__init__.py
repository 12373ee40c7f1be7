"""`hotline demo`: the whole service on one machine with simulated people, and a judge that counts what happened."""
