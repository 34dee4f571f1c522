// SPDX-License-Identifier: Apache-2.0
//
// libcurl's headers, for Sources/Web/Curl.swift alone, and what of the library Swift cannot call: variadic setters, and
// a message that holds a union. Nothing else may come in here. Names are libcurl's behind `dw_`.
#ifndef DOORWARD_CCURL_H
#define DOORWARD_CCURL_H

#include <curl/curl.h>
#include <stdint.h>

// curl_easy_setopt(3) by the kind of its argument. Texts and lists are those of the option: copied or not as it says.
CURLcode dw_curl_set_number(CURL *easy, CURLoption option, long value);
CURLcode dw_curl_set_size(CURL *easy, CURLoption option, int64_t value);
CURLcode dw_curl_set_text(CURL *easy, CURLoption option, const char *value);
CURLcode dw_curl_set_list(CURL *easy, CURLoption option, struct curl_slist *value);

// CURLOPT_WRITEFUNCTION, CURLOPT_HEADERFUNCTION and CURLOPT_READFUNCTION with their data.
typedef size_t dw_curl_mover(char *bytes, size_t size, size_t count, void *context);
CURLcode dw_curl_set_body_receiver(CURL *easy, dw_curl_mover *receiver, void *context);
CURLcode dw_curl_set_head_receiver(CURL *easy, dw_curl_mover *receiver, void *context);
CURLcode dw_curl_set_body_sender(CURL *easy, dw_curl_mover *sender, void *context);

// CURLOPT_OPENSOCKETFUNCTION: a socket to 127.0.0.1 at `port` is opened, and to nowhere else.
CURLcode dw_curl_set_only_port(CURL *easy, uint16_t port);

// curl_easy_getinfo(3) for numbers; 0 where there is none.
long dw_curl_number(CURL *easy, CURLINFO info);

// curl_multi_setopt(3) for numbers.
CURLMcode dw_curl_multi_set_number(CURLM *multi, CURLMoption option, long value);

// curl_multi_info_read(3): the next transfer that has ended, or NULL.
CURL *dw_curl_next_ended(CURLM *multi, CURLcode *result);

#endif
