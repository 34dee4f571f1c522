// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
// The macros that check argument types want a constant option.
#define CURL_DISABLE_TYPECHECK
#include "ccurl.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

CURLcode dw_curl_set_number(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

CURLcode dw_curl_set_size(CURL *easy, CURLoption option, int64_t value) {
    return curl_easy_setopt(easy, option, (curl_off_t)value);
}

CURLcode dw_curl_set_text(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}

CURLcode dw_curl_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(easy, option, value);
}

CURLcode dw_curl_set_body_receiver(CURL *easy, dw_curl_mover *receiver, void *context) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receiver);
    return code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_WRITEDATA, context);
}

CURLcode dw_curl_set_head_receiver(CURL *easy, dw_curl_mover *receiver, void *context) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, receiver);
    return code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_HEADERDATA, context);
}

CURLcode dw_curl_set_body_sender(CURL *easy, dw_curl_mover *sender, void *context) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_READFUNCTION, sender);
    return code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_READDATA, context);
}

static curl_socket_t open_only(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
    if (purpose != CURLSOCKTYPE_IPCXN || address->family != AF_INET || address->addrlen != sizeof(struct sockaddr_in))
        return CURL_SOCKET_BAD;
    struct sockaddr_in place;
    memcpy(&place, &address->addr, sizeof(place));
    if (place.sin_addr.s_addr != htonl(INADDR_LOOPBACK) || ntohs(place.sin_port) != (uint16_t)(uintptr_t)context)
        return CURL_SOCKET_BAD;
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
}

CURLcode dw_curl_set_only_port(CURL *easy, uint16_t port) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_only);
    return code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, (void *)(uintptr_t)port);
}

long dw_curl_number(CURL *easy, CURLINFO info) {
    long value = 0;
    return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

CURLMcode dw_curl_multi_set_number(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

CURL *dw_curl_next_ended(CURLM *multi, CURLcode *result) {
    int left = 0;
    CURLMsg *message = curl_multi_info_read(multi, &left);
    if (message == NULL || message->msg != CURLMSG_DONE) return NULL;
    *result = message->data.result;
    return message->easy_handle;
}
