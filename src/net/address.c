/*
 * address.c - which addresses are of the public internet.
 */
#include "net/address.h"

#include <netinet/in.h>
#include <string.h>

struct prefix {
    unsigned char bytes[16];
    int bits;
};

/* IPv4 that is not public. */
static const struct prefix reserved_v4[] = {
    {{0}, 8},             /* this host, this network */
    {{10}, 8},            /* private */
    {{100, 64}, 10},      /* between a carrier and its customers */
    {{127}, 8},           /* loopback */
    {{169, 254}, 16},     /* link-local; there clouds answer with credentials */
    {{172, 16}, 12},      /* private */
    {{192, 0, 0}, 24},    /* protocol assignments */
    {{192, 0, 2}, 24},    /* documentation */
    {{192, 88, 99}, 24},  /* relays of 6to4, withdrawn */
    {{192, 168}, 16},     /* private */
    {{198, 18}, 15},      /* benchmarks */
    {{198, 51, 100}, 24}, /* documentation */
    {{203, 0, 113}, 24},  /* documentation */
    {{224}, 4},           /* multicast */
    {{240}, 4},           /* reserved, broadcast */
};

/* Not public though within 2000::/3. */
static const struct prefix reserved_v6[] = {
    {{0x20, 0x01}, 23},             /* protocol assignments, Teredo */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x3f, 0xff}, 20},             /* documentation */
};

/* They carry an IPv4 address: where in bytes, and it decides. */
static const struct {
    struct prefix prefix;
    size_t at;
} carrying_v4[] = {
    {{{[10] = 0xff, [11] = 0xff}, 96}, 12}, /* ::ffff:a.b.c.d */
    {{{0x00, 0x64, 0xff, 0x9b}, 96}, 12},   /* NAT64: 64:ff9b::a.b.c.d */
    {{{0x20, 0x02}, 16}, 2},                /* 6to4: 2002:aabb:ccdd:: */
};

static const struct prefix global_v6 = {{0x20}, 3};

static bool prefix_covers(const struct prefix *prefix, const unsigned char *address)
{
    int whole = prefix->bits / 8, rest = prefix->bits % 8;
    if (memcmp(prefix->bytes, address, (size_t)whole) != 0)
        return false;
    return rest == 0 || ((prefix->bytes[whole] ^ address[whole]) >> (8 - rest)) == 0;
}

static bool public_v4(const unsigned char *address)
{
    for (size_t i = 0; i < WEFT_COUNT(reserved_v4); i++) {
        if (prefix_covers(&reserved_v4[i], address))
            return false;
    }
    return true;
}

static bool public_v6(const unsigned char *address)
{
    for (size_t i = 0; i < WEFT_COUNT(carrying_v4); i++) {
        if (prefix_covers(&carrying_v4[i].prefix, address))
            return public_v4(address + carrying_v4[i].at);
    }
    for (size_t i = 0; i < WEFT_COUNT(reserved_v6); i++) {
        if (prefix_covers(&reserved_v6[i], address))
            return false;
    }
    return prefix_covers(&global_v6, address);
}

bool weft_address_public(const struct sockaddr *address, size_t length)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (address->sa_family == AF_INET && length >= sizeof v4) {
        memcpy(&v4, address, sizeof v4);
        return public_v4((const unsigned char *)&v4.sin_addr);
    }
    if (address->sa_family == AF_INET6 && length >= sizeof v6) {
        memcpy(&v6, address, sizeof v6);
        return public_v6(v6.sin6_addr.s6_addr);
    }
    return false;
}
