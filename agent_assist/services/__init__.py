"""Use cases: free of Qt, SQL and HTTP.  They know the domain and the ports, nothing else."""
