"""The rules of the gate `scope`: names, files and size of a change, whatever its spec says."""
