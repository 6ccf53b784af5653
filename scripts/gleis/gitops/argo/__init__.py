"""The objects of Argo CD itself: ApplicationSets, its projects, the root, its size."""
