"""How an API server is found and who we are to it: kubeconfigs, accounts, certificates."""
