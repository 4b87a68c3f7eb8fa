"""What several tests share: small models, data sets, pictures, servers and command lines."""
