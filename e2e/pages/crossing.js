// SPDX-License-Identifier: Apache-2.0
// Tries every way out of a page at every address of its reader's machine, and tells the page's own server what came of it.
// #["host:port", …] names the targets.
"use strict";
const targets = JSON.parse(decodeURIComponent(location.hash.slice(1) || "[]"));
const PATIENCE = 1500;

function timed(promise) {
  return Promise.race([promise, new Promise(done => setTimeout(() => done("silent"), PATIENCE))]);
}
function socket(url) {
  return new Promise(done => {
    let socket;
    try { socket = new WebSocket(url, "mcp"); } catch (error) { done("error"); return; }
    socket.onopen = () => { done("open"); socket.close(); };
    socket.onerror = () => done("error");
  });
}
async function request(url, options) {
  try {
    const answer = await fetch(url, options);
    return answer.type === "opaque" ? "opaque" : "answered " + answer.status;
  } catch (error) { return "error"; }
}
function element(name, attribute, url) {
  return new Promise(done => {
    const element = document.createElement(name);
    element.onload = () => done("loaded");
    element.onerror = () => done("error");
    element[attribute] = url;
    if (name === "link") element.rel = "stylesheet";
    document.body.append(element);
  });
}
function xhr(url) {
  return new Promise(done => {
    const request = new XMLHttpRequest();
    request.onload = () => done("answered " + request.status);
    request.onerror = () => done("error");
    request.open("GET", url);
    request.send();
  });
}
let forms = 0;
function form(url) {
  return new Promise(done => {
    const frame = document.createElement("iframe");
    frame.name = "frame" + forms++;
    document.body.append(frame);
    frame.onload = () => done("loaded");
    const form = document.createElement("form");
    form.method = "POST"; form.action = url; form.target = frame.name; form.enctype = "text/plain";
    document.body.append(form);
    form.submit();
  });
}
function events(url) {
  return new Promise(done => {
    const source = new EventSource(url);
    source.onopen = () => { done("open"); source.close(); };
    source.onerror = () => { done("error"); source.close(); };
  });
}
function peer(host) {
  // A datagram to the host, if there were any.
  return new Promise(done => {
    const connection = new RTCPeerConnection({iceServers: [{urls: "stun:" + host}]});
    const found = [];
    connection.onicecandidate = event => event.candidate ? found.push(event.candidate.candidate) : done("candidates " + found.length);
    connection.createDataChannel("x");
    connection.createOffer().then(offer => connection.setLocalDescription(offer)).catch(() => done("error"));
  });
}
const ways = {
  "socket": host => socket("ws://" + host + "/ws/x"),
  "fetch": host => request("http://" + host + "/fetch", {method: "POST", mode: "no-cors", body: "x"}),
  "fetch with a preflight": host => request("http://" + host + "/preflight", {method: "PUT", headers: {"X-A": "b"}, body: "x"}),
  "xhr": host => xhr("http://" + host + "/xhr"),
  "picture": host => element("img", "src", "http://" + host + "/picture"),
  "script": host => element("script", "src", "http://" + host + "/script"),
  "style": host => element("link", "href", "http://" + host + "/style"),
  "frame": host => element("iframe", "src", "http://" + host + "/frame"),
  "form": host => form("http://" + host + "/form"),
  "events": host => events("http://" + host + "/events"),
  "redirect": host => element("img", "src", "/redirect?to=" + encodeURIComponent("http://" + host + "/redirected")),
  "redirected fetch": host => request("/redirect?code=307&to=" + encodeURIComponent("http://" + host + "/redirected-fetch"), {method: "POST", body: "x"}),
  "datagram": host => peer(host),
  "beacon": async host => navigator.sendBeacon("http://" + host + "/beacon", "x") ? "sent" : "error",
};
const files = {
  "file frame": () => element("iframe", "src", "file:///etc/passwd"),
  "file picture": () => element("img", "src", "file:///etc/passwd"),
  "file fetch": () => request("file:///etc/passwd"),
  "file redirect": () => request("/redirect?to=file:///etc/passwd"),
};
(async () => {
  const outcomes = {};
  // One target after the other, so that each has all the page's connections.
  for (const host of targets) {
    const found = await Promise.all(Object.entries(ways).map(async ([name, way]) => [name, await timed(way(host))]));
    outcomes[host] = Object.fromEntries(found);
  }
  for (const [name, way] of Object.entries(files)) outcomes[name] = await timed(way());
  await fetch("/report", {method: "POST", body: JSON.stringify(outcomes)});
})();
