// What may become of a reservation, and what each change does to the stock. Each function is part of
// a transaction; each may be called again, late, or without what should have come before.
//
//   (none) ──reserve──▶ held ──commit──▶ committed ──release──▶ released
//     │                  ├──release──▶ released
//     │                  └──sweep────▶ expired ──reserve, commit──▶ as if it were held, while there is stock
//     │                                 └──release──▶ released
//     ├──reserve, too little stock──▶ refused
//     └──release──▶ released          so that a reserve that is still on its way is refused
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "stock.h"

namespace svc::inventory {

/// Sets all lines aside, or none. What cannot be had is written down as refused, so that a repetition gets the
/// same answer; the refusal is in `outcome`, since the transaction itself is to be kept.
struct Reserved {
  Result<Reservation> outcome;
};
Reserved reserve(Stock& stock, const std::string& order_id, const std::vector<Line>& lines, Time expires_at);

Result<Reservation> commit(Stock& stock, const std::string& order_id);
Reservation release(Stock& stock, const std::string& order_id);
/// Gives a held reservation back if its time is over.
void expire(Stock& stock, const std::string& order_id, Time now);

}  // namespace svc::inventory
