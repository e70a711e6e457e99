/*
 * catalog_internal.h - what the files of this folder share.
 */
#ifndef WEFT_CATALOG_INTERNAL_H
#define WEFT_CATALOG_INTERNAL_H

#include "base/fs.h"
#include "catalog/product_entry.h"
#include "catalog/sql.h"

#define WEFT_KIND_REGISTERED "product.registered"
#define WEFT_KIND_RETIRED "product.retired"
#define WEFT_KIND_DROPPED "product.dropped"
#define WEFT_KIND_IN_FORCE "product.in_force"

/* domain.name__v999: two names of 45 characters, with room. */
#define WEFT_CATALOG_NAME_SIZE 128

void weft_catalog_mesh_tables_register(void);

#endif
