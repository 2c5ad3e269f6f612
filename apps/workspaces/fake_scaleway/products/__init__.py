"""The imitated products, one module for each family of resources."""
