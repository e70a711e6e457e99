/*
 * address.h - which addresses are of the public internet.
 *
 * Source: the IANA special-purpose registries for IPv4 and IPv6 (RFC 6890 and its updates). For
 * IPv6 the rule is the other way round: only 2000::/3 is public, and of it not what carries an IPv4
 * address that is not.
 */
#ifndef WEFT_NET_ADDRESS_H
#define WEFT_NET_ADDRESS_H

#include "base/defs.h"

#include <sys/socket.h>

/* False also for what is no Internet address at all. */
bool weft_address_public(const struct sockaddr *address, size_t length);

#endif
