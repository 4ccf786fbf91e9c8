"""Which packages reach for something outside of the process, what that is, and which words speak of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

KIND_WORDS: Mapping[str, tuple[str, ...]] = {
    "database": ("database", "db"),
    "database file": ("database", "db"),
    "cache": ("cache",),
    "queue": ("queue", "broker"),
    "HTTP service": ("http service", "upstream", "remote service", "third party"),
    "gRPC service": ("grpc", "upstream", "remote service"),
    "mail": ("mail", "email", "e-mail", "smtp"),
    "object storage": ("object storage", "storage", "bucket", "blob"),
    "payment processor": ("payment processor", "payment provider", "payment service", "payment gateway"),
    "search engine": ("search engine", "search index", "search cluster"),
    "model API": ("model api", "model provider", "llm"),
    "LDAP": ("ldap", "directory server"),
    "remote shell": ("ssh", "sftp", "remote host"),
    "file server": ("ftp", "sftp", "file server"),
    "messaging service": ("sms", "chat", "messaging"),
    "identity provider": ("identity provider", "idp", "sso", "login provider"),
    "secret store": ("secret store", "vault"),
    "cloud service": ("cloud",),
    "coordination service": ("coordination", "lock service"),
    "container engine": ("container engine", "cluster"),
    "vector store": ("vector store", "vector database", "vector index"),
}
"""The kinds of dependency, each with the words that speak of it in prose, in lower case."""


class Technology(NamedTuple):
    """Something that runs elsewhere and can stop answering, and the packages through which it is reached."""

    modules: tuple[str, ...]
    title: str
    """As it stands in a sentence: "PostgreSQL", "the database"."""
    kind: str
    words: tuple[str, ...] = ()
    """What else it is called in prose."""
    generic: bool = False
    """Whether the package speaks to any product of its kind, so that a named one beside it tells more."""


_SQL = ("postgres", "postgresql", "mysql", "mariadb", "sqlite", "oracle", "sql")
_T = Technology
TECHNOLOGIES: tuple[Technology, ...] = (
    _T(("psycopg", "psycopg2", "asyncpg", "pg8000", "aiopg", "psycopg_pool"), "PostgreSQL", "database", ("postgres", "postgresql")),
    _T(("pymysql", "MySQLdb", "mysql", "aiomysql", "asyncmy", "mariadb"), "MySQL", "database", ("mysql", "mariadb")),
    _T(("oracledb", "cx_Oracle"), "Oracle", "database", ("oracle",)),
    _T(("pyodbc", "pymssql", "aioodbc"), "SQL Server", "database", ("sql server", "mssql", "odbc")),
    _T(("pymongo", "motor", "mongoengine", "beanie", "flask_pymongo", "odmantic"), "MongoDB", "database", ("mongo", "mongodb")),
    _T(("cassandra",), "Cassandra", "database", ("cassandra",)),
    _T(("neo4j",), "Neo4j", "database", ("neo4j", "graph database")),
    _T(("clickhouse_driver", "clickhouse_connect"), "ClickHouse", "database", ("clickhouse",)),
    _T(("influxdb", "influxdb_client"), "InfluxDB", "database", ("influx", "influxdb")),
    _T(("couchbase", "couchdb"), "CouchDB", "database", ("couchdb", "couchbase")),
    _T(("snowflake",), "Snowflake", "database", ("snowflake", "warehouse")),
    _T(("google.cloud.bigquery",), "BigQuery", "database", ("bigquery", "warehouse")),
    _T(("google.cloud.firestore", "firebase_admin"), "Firestore", "database", ("firestore", "firebase")),
    _T(("google.cloud.spanner",), "Spanner", "database", ("spanner",)),
    _T(("pynamodb",), "DynamoDB", "database", ("dynamodb", "dynamo")),
    _T(("sqlite3", "aiosqlite", "apsw"), "SQLite", "database file", ("sqlite", "sqlite3", "sql")),
    _T(
        ("sqlalchemy", "sqlmodel", "flask_sqlalchemy", "django.db", "peewee", "tortoise", "pony", "databases", "piccolo", "ormar", "gino"),
        "the database", "database", _SQL, generic=True,
    ),
    _T(("redis", "aioredis", "rediscluster", "flask_redis", "django_redis", "valkey", "coredis"), "Redis", "cache", ("redis", "valkey")),
    _T(("pymemcache", "memcache", "pylibmc", "aiomcache", "bmemcached"), "Memcached", "cache", ("memcache", "memcached")),
    _T(("django.core.cache", "flask_caching", "aiocache", "cashews", "dogpile.cache"), "the cache", "cache", ("redis", "memcached"), generic=True),
    _T(("pika", "aio_pika", "aiormq", "amqp", "amqpstorm"), "RabbitMQ", "queue", ("rabbitmq", "rabbit", "amqp")),
    _T(("kafka", "confluent_kafka", "aiokafka", "faust"), "Kafka", "queue", ("kafka",)),
    _T(("nats",), "NATS", "queue", ("nats",)),
    _T(("zmq",), "the ZeroMQ peer", "queue", ("zeromq", "zmq")),
    _T(("paho",), "the MQTT broker", "queue", ("mqtt",)),
    _T(("google.cloud.pubsub", "google.cloud.pubsub_v1", "google.cloud.tasks", "google.cloud.tasks_v2"), "Pub/Sub", "queue", ("pubsub", "pub/sub")),
    _T(("azure.servicebus", "azure.eventhub"), "Service Bus", "queue", ("service bus", "event hub")),
    _T(
        ("celery", "kombu", "dramatiq", "rq", "huey", "arq", "django_q", "django_rq", "taskiq", "procrastinate"),
        "the task queue", "queue", ("task queue", "worker", "redis", "rabbitmq"), generic=True,
    ),
    _T(
        ("requests", "httpx", "aiohttp", "urllib3", "urllib.request", "http.client", "httplib2", "treq", "pycurl", "tornado.httpclient", "zeep", "gql", "niquests", "requests_oauthlib"),
        "the remote service", "HTTP service", generic=True,
    ),
    _T(("websocket", "websockets"), "the other end of the socket", "HTTP service", ("websocket", "socket"), generic=True),
    _T(("xmlrpc.client",), "the remote service", "HTTP service", ("xml-rpc", "xmlrpc"), generic=True),
    _T(("grpc", "grpclib"), "the gRPC service", "gRPC service", generic=True),
    _T(("smtplib", "aiosmtplib", "django.core.mail", "flask_mail", "fastapi_mail", "imaplib", "poplib", "anymail"), "the mail server", "mail", generic=True),
    _T(("sendgrid", "mailjet_rest", "postmarker", "resend", "mailchimp_transactional"), "the mail service", "mail", ("sendgrid", "mailjet", "postmark", "mailchimp")),
    _T(("boto3", "botocore", "aioboto3", "aiobotocore"), "AWS", "cloud service", ("aws",)),
    _T(("google.cloud.storage", "gcsfs"), "Cloud Storage", "object storage", ("gcs", "cloud storage")),
    _T(("azure.storage", "adlfs"), "Azure Storage", "object storage", ("azure",)),
    _T(("minio", "s3fs"), "S3", "object storage", ("minio", "s3")),
    _T(("google.cloud",), "Google Cloud", "cloud service", ("google",)),
    _T(("azure",), "Azure", "cloud service", ("azure",)),
    _T(("stripe",), "Stripe", "payment processor", ("stripe",)),
    _T(("braintree", "paypalrestsdk", "paypalcheckoutsdk"), "PayPal", "payment processor", ("braintree", "paypal")),
    _T(("adyen", "Adyen"), "Adyen", "payment processor", ("adyen",)),
    _T(("mollie", "square", "squareup", "razorpay", "paddle", "paddle_billing", "plaid", "gocardless_pro", "payments"), "the payment processor", "payment processor", ("mollie", "square", "razorpay", "paddle", "plaid", "gocardless"), generic=True),
    _T(("elasticsearch", "elasticsearch_dsl", "elastic_transport"), "Elasticsearch", "search engine", ("elasticsearch", "elastic")),
    _T(("opensearchpy",), "OpenSearch", "search engine", ("opensearch",)),
    _T(("meilisearch", "typesense", "algoliasearch", "pysolr", "haystack"), "the search engine", "search engine", ("meilisearch", "typesense", "algolia", "solr"), generic=True),
    _T(("qdrant_client", "pinecone", "weaviate", "pymilvus", "chromadb"), "the vector store", "vector store", ("qdrant", "pinecone", "weaviate", "milvus", "chroma"), generic=True),
    _T(("openai",), "the OpenAI API", "model API", ("openai",)),
    _T(("anthropic",), "the Anthropic API", "model API", ("anthropic",)),
    _T(("litellm", "cohere", "mistralai", "groq", "langchain_openai", "langchain_anthropic", "google.generativeai", "google.genai", "ollama", "huggingface_hub"), "the model API", "model API", ("cohere", "mistral", "gemini", "ollama", "hugging face"), generic=True),
    _T(("ldap", "ldap3", "django_auth_ldap", "bonsai"), "the LDAP server", "LDAP", ("active directory",)),
    _T(("paramiko", "asyncssh", "fabric", "pysftp"), "the host behind SSH", "remote shell"),
    _T(("ftplib", "aioftp"), "the FTP server", "file server"),
    _T(("twilio", "vonage", "slack_sdk", "slack_bolt", "slack", "telegram", "discord", "messagebird"), "the messaging service", "messaging service", ("twilio", "vonage", "slack", "telegram", "discord"), generic=True),
    _T(("authlib", "msal", "okta", "keycloak", "auth0", "onelogin", "mozilla_django_oidc", "social_core", "httpx_oauth"), "the identity provider", "identity provider", ("oauth", "oidc", "okta", "keycloak", "auth0", "login"), generic=True),
    _T(("hvac",), "Vault", "secret store"),
    _T(("kazoo", "consul", "etcd3"), "the coordination service", "coordination service", ("zookeeper", "consul", "etcd")),
    _T(("docker", "kubernetes", "kubernetes_asyncio"), "the container engine", "container engine", ("docker", "kubernetes", "k8s")),
)  # fmt: skip

NOTHING_REMOTE = frozenset(
    {
        "aiohttp.web", "aiohttp.web_request", "aiohttp.web_response", "aiohttp.test_utils",
        "azure.core", "azure.identity", "django.db.migrations", "google.cloud.logging",
        "http.client.responses", "http.client.HTTPException", "http.client.HTTPMessage",
        "requests.structures", "requests.utils", "urllib.request.pathname2url", "urllib.request.url2pathname",
        "urllib.request.getproxies", "urllib3.util", "websockets.asyncio.server", "websockets.server",
        "xmlrpc.client.DateTime", "botocore.exceptions", "authlib.jose",
    }
)  # fmt: skip
"""Parts of those packages that reach for nothing outside."""


@lru_cache(maxsize=1)
def by_module() -> Mapping[str, Technology]:
    """Each technology under the modules through which it is reached."""
    return {module: technology for technology in TECHNOLOGIES for module in technology.modules}


def technology_of(module: str) -> tuple[str, Technology] | None:
    """What an imported name reaches for: the module of the table that it stands for, and its technology."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        name = ".".join(parts[:length])
        if name in NOTHING_REMOTE:
            return None
        if found := by_module().get(name):
            return name, found
    return None
