"""An assessment in words: catalogues of messages, and what is shown of a judged patient. Pure."""
