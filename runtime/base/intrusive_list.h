#pragma once

// Lives with the public headers, since their templates see it.
#include "weft/internal/intrusive_list.h"
