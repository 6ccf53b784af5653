"""What a change of the state would do to the clusters, found out without asking a cluster.

Records are read (`tree`, `tenancy`), the ApplicationSets evaluated (`applicationsets`), the charts
rendered in batches (`rendering`), every object held to its schema (`schemas`) and to our own rules
(`rules`), and two points in time compared (`difference`). What was computed once is kept by content
(`kept`), so that a second preview costs what has changed.
"""
