#include "wire/messages/update_features.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<UpdateFeaturesRequest>;
template struct Codec<UpdateFeaturesResponse>;

}  // namespace millrace::wire
