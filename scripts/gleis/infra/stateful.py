"""Resource types that hold what nobody can make again, and what is lost with them.

Only types whose deletion loses data, keys or a cluster's state: a role or a route is made anew from
the code. Each name was found in the schemas of hashicorp/aws 6.25.0, azurerm 4.55.0 and google
6.50.0 (tests/terraform/rig/bindings.yaml, November 2026).
"""

from __future__ import annotations

from collections.abc import Mapping

_LOST: Mapping[str, str] = {
    "objects and their versions": """
        aws_s3_bucket google_storage_bucket
    """,
    "an object": """
        aws_s3_object
    """,
    "a disk": """
        aws_ebs_volume azurerm_managed_disk google_compute_disk
    """,
    "a backup of a disk": """
        aws_ebs_snapshot
    """,
    "files": """
        aws_efs_file_system aws_fsx_lustre_file_system aws_fsx_ontap_file_system
        aws_fsx_openzfs_file_system aws_fsx_windows_file_system azurerm_storage_share
        azurerm_netapp_volume google_filestore_instance
    """,
    "backups": """
        aws_backup_vault azurerm_recovery_services_vault
    """,
    "a database": """
        aws_db_instance aws_rds_cluster aws_docdb_cluster aws_neptune_cluster aws_redshift_cluster
        azurerm_mssql_database azurerm_postgresql_flexible_server
        azurerm_postgresql_flexible_server_database azurerm_mysql_flexible_server
        azurerm_cosmosdb_account google_sql_database_instance google_sql_database
        google_alloydb_cluster google_spanner_instance google_spanner_database
        google_bigtable_instance google_firestore_database
    """,
    "a table": """
        aws_dynamodb_table google_bigquery_table
    """,
    "what the cache holds": """
        aws_elasticache_cluster aws_elasticache_replication_group azurerm_redis_cache
        google_redis_instance
    """,
    "indices": """
        aws_opensearch_domain aws_elasticsearch_domain
    """,
    "records that nobody has read yet": """
        aws_kinesis_stream azurerm_eventhub_namespace
    """,
    "topics": """
        aws_msk_cluster
    """,
    "messages that nobody has read yet": """
        aws_sqs_queue azurerm_servicebus_namespace google_pubsub_subscription
    """,
    "a key: what it encrypted can no longer be read": """
        aws_kms_key aws_kms_external_key azurerm_key_vault_key google_kms_crypto_key
    """,
    "a secret": """
        aws_secretsmanager_secret azurerm_key_vault_secret google_secret_manager_secret
    """,
    "a parameter": """
        aws_ssm_parameter
    """,
    "images": """
        aws_ecr_repository azurerm_container_registry
    """,
    "a cluster and all that runs in it": """
        aws_eks_cluster aws_ecs_cluster azurerm_kubernetes_cluster google_container_cluster
    """,
    "the disks of a machine": """
        aws_instance azurerm_linux_virtual_machine azurerm_windows_virtual_machine
        google_compute_instance
    """,
    "logs": """
        aws_cloudwatch_log_group azurerm_log_analytics_workspace
        google_logging_project_bucket_config
    """,
    "accounts of users": """
        aws_cognito_user_pool
    """,
    "home folders": """
        aws_sagemaker_domain
    """,
    "models": """
        aws_sagemaker_model_package_group
    """,
    "all that lies in the group": """
        azurerm_resource_group
    """,
    "containers, shares and tables": """
        azurerm_storage_account
    """,
    "blobs": """
        azurerm_storage_container
    """,
    "its databases": """
        azurerm_mssql_server
    """,
    "keys and secrets": """
        azurerm_key_vault
    """,
    "models and runs": """
        azurerm_machine_learning_workspace
    """,
    "all that lies in the project": """
        google_project
    """,
    "tables": """
        google_bigquery_dataset
    """,
    "its keys": """
        google_kms_key_ring
    """,
    "images and packages": """
        google_artifact_registry_repository
    """,
    "a data set": """
        google_vertex_ai_dataset
    """,
}

STATEFUL: Mapping[str, str] = {
    name: lost for lost, names in _LOST.items() for name in names.split()
}
