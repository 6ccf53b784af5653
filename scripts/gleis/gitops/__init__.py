"""The desired state of the clusters: tenants, what runs in their environments, and the way there.

State is files in a git repository (`platform.yaml: gitops`): `<path>/<team>/<project>/` holds
`project.yaml` and one file per environment. A promotion is a commit that changes exactly one
environment file; a rollback brings the former content of that file back. Everything happens in a
temporary repository without a work tree, and becomes true with one plain push, or not at all.
"""
