"""The HTTP core: values, limiters, bodies, paging and the client, against fake clocks and a vendor on loopback."""
