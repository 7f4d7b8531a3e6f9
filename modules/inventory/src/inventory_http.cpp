#include "http/outside_of.h"
#include "inventory/inventory.h"

template struct svc::http::Outside<svc::inventory::Inventory>;
