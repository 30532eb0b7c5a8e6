"""What tests share: doubles of servers and models, small worlds, and where the data that they may use is."""
