"""The Kubernetes client below `kubeapi`: requests, watches, kubeconfigs, older releases."""
