// SPDX-License-Identifier: Apache-2.0
//
// libcrypto's headers, for Sources/Crypto alone.
#ifndef DOORWARD_CCRYPTO_H
#define DOORWARD_CCRYPTO_H

#include <openssl/crypto.h>
#include <openssl/evp.h>

#endif
