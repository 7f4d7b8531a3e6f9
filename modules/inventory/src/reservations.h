// What may become of a reservation, and what each change does to the stock. Each function is part of
// a transaction; each may be called again, late, or without what should have come before.
//
//   (none) ──reserve──▶ held ──commit, sell──▶ committed ──release──▶ released
//     │                  ├──release──▶ released
//     │                  └──sweep────▶ expired ──reserve, sell, commit──▶ as if it were held, while there is stock
//     │                                 └──release──▶ released
//     ├──sell──▶ committed
//     ├──reserve, sell, too little stock──▶ refused
//     └──release──▶ released          so that what is still on its way is refused
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "stock.h"

namespace svc::inventory {

/// Takes all lines or none, to be held or, if that is `wanted`, committed. What cannot be had is written down as
/// refused, so that a repetition gets the same answer; the refusal is in `outcome`, since the transaction itself is
/// to be kept.
struct Taken {
  Result<Reservation> outcome;
};
Taken take(Stock& stock, const std::string& order_id, const std::vector<Line>& lines, ReservationState wanted,
           Time expires_at);

Result<Reservation> commit(Stock& stock, const std::string& order_id);
Reservation release(Stock& stock, const std::string& order_id);
/// Gives a held reservation back if its time is over.
void expire(Stock& stock, const std::string& order_id, Time now);

}  // namespace svc::inventory
