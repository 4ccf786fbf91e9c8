"""Values only: frozen, validated, without any input or output."""
