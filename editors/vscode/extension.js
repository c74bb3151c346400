// Starts `braid lsp` for files of the language; everything else is the server's.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = function () {
    const command = workspace.getConfiguration("braid").get("command") || "braid";
    const server = { command, args: ["lsp"] };
    const options = { documentSelector: [{ language: "braid" }] };
    client = new LanguageClient("braid", "Braid", server, options);
    return client.start();
};

exports.deactivate = function () {
    return client ? client.stop() : undefined;
};
