"""Bytes in, records out: formats, compression, where a record begins and ends. Pure; imports nothing but the base."""
