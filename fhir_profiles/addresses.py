"""Addresses of resources: a version names the same resource, and its type and id are the last two steps of the rest."""


def without_version(address: str) -> str:
    """The address of the resource, whichever of its versions is named."""
    return address.partition("/_history/")[0]


def type_and_id(address: str) -> str:
    """`Type/id` of an address that names no version; what is no address of a resource, as far as it goes."""
    return "/".join(address.split("/")[-2:])
