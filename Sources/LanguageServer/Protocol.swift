import Foundation

// The part of the Language Server Protocol (version 3.17) that the server speaks; names and numbers are the protocol's.

/// A request's identity, given back with its answer.
enum RequestID: Hashable, Codable {
    case number(Int)
    case text(String)

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Int.self) { self = .number(number) } else { self = .text(try container.decode(String.self)) }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .number(let number): try container.encode(number)
        case .text(let text): try container.encode(text)
        }
    }
}

/// What every message from the client has; a notification has no identity, a response no method.
struct Envelope: Decodable {
    var id: RequestID?
    var method: String?
}

/// The parameters of a message, read once its method is known.
struct Parameters<Content: Decodable>: Decodable {
    var params: Content
}

struct ResponseError: Error, Encodable {
    enum Code: Int, Encodable {
        case parseError = -32700
        case invalidRequest = -32600
        case methodNotFound = -32601
        case invalidParams = -32602
        case serverNotInitialized = -32002
        case requestCancelled = -32800
    }
    var code: Code
    var message: String
}

struct Response<Result: Encodable>: Encodable {
    private enum Key: CodingKey { case jsonrpc, id, result, error }

    var id: RequestID?
    var result: Result?
    var error: ResponseError?

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode("2.0", forKey: .jsonrpc)
        // The identity of what cannot be read is null, and so is the result where there is nothing to say.
        try container.encode(id, forKey: .id)
        if let error { try container.encode(error, forKey: .error) } else { try container.encode(result, forKey: .result) }
    }
}

struct Notification<Content: Encodable>: Encodable {
    var jsonrpc = "2.0"
    var method: String
    var params: Content
}

/// A place in a document: lines and UTF-16 code units count from 0.
struct Position: Codable, Hashable {
    var line: Int
    var character: Int
}

/// From `start` up to, not including, `end`.
struct PositionRange: Codable, Hashable {
    var start: Position
    var end: Position
}

struct Location: Codable, Hashable {
    var uri: String
    var range: PositionRange
}

struct TextEdit: Codable, Hashable {
    var range: PositionRange
    var newText: String
}

struct DocumentIdentifier: Decodable {
    var uri: String
}

struct DocumentParameters: Decodable {
    var textDocument: DocumentIdentifier
}

struct PositionParameters: Decodable {
    var textDocument: DocumentIdentifier
    var position: Position
}

struct OpenParameters: Decodable {
    struct Item: Decodable {
        var uri: String
        var version: Int
        var text: String
    }
    var textDocument: Item
}

struct ChangeParameters: Decodable {
    struct Identifier: Decodable {
        var uri: String
        var version: Int?
    }
    struct Change: Decodable {
        /// What is replaced; the whole text where it is absent.
        var range: PositionRange?
        var text: String
    }
    var textDocument: Identifier
    var contentChanges: [Change]
}

/// What a client says of itself that the server asks about.
struct InitializeParameters: Decodable {
    struct Capabilities: Decodable {
        struct Workspace: Decodable {
            struct WatchedFiles: Decodable { var dynamicRegistration: Bool? }
            var didChangeWatchedFiles: WatchedFiles?
        }
        var workspace: Workspace?
    }
    struct Folder: Decodable { var uri: String }
    var capabilities: Capabilities
    var rootUri: String?
    var workspaceFolders: [Folder]?
}

/// Asks the client to tell which files changed on the disk.
struct WatchRequest: Encodable {
    struct Parameters: Encodable {
        struct Registration: Encodable {
            struct Options: Encodable {
                struct Watcher: Encodable { var globPattern = "**/*.{braid,c,h}" }
                var watchers = [Watcher()]
            }
            var id = "watched-files"
            var method = "workspace/didChangeWatchedFiles"
            var registerOptions = Options()
        }
        var registrations = [Registration()]
    }
    var jsonrpc = "2.0"
    var id = "watch-files"
    var method = "client/registerCapability"
    var params = Parameters()
}

struct WatchedFilesParameters: Decodable {
    var changes: [DocumentIdentifier]
}

struct CancelParameters: Decodable {
    var id: RequestID
}

struct DiagnosticsParameters: Encodable {
    var uri: String
    var version: Int?
    var diagnostics: [ReportedDiagnostic]
}

struct ReportedDiagnostic: Encodable {
    struct Related: Encodable {
        var location: Location
        var message: String
    }
    var range: PositionRange
    /// 1 is an error, 2 a warning.
    var severity: Int
    var source = "braid"
    var message: String
    var relatedInformation: [Related]
}

struct Hover: Encodable {
    struct Content: Encodable {
        var kind = "markdown"
        var value: String
    }
    var contents: Content
    var range: PositionRange
}

/// A text above a line.
struct CodeLens: Encodable {
    struct Command: Encodable {
        var title: String
        /// Nothing happens at a click.
        var command = ""
    }
    var range: PositionRange
    var command: Command
}

struct DocumentSymbol: Encodable {
    enum Kind: Int, Encodable {
        case file = 1, module = 2, `class` = 5, method = 6, property = 7, function = 12, variable = 13, event = 24
    }
    var name: String
    var detail: String
    var kind: Kind
    var range: PositionRange
    var selectionRange: PositionRange
    var children: [DocumentSymbol]
}

struct CompletionItem: Encodable {
    enum Kind: Int, Encodable {
        case function = 3, field = 5, variable = 6, module = 9, property = 10, keyword = 14, `operator` = 24
    }
    var label: String
    var kind: Kind
    var detail: String
    var documentation: String
    var insertText: String
}

struct Initialization: Encodable {
    struct Capabilities: Encodable {
        struct Synchronization: Encodable {
            var openClose = true
            /// 2: changes come as the parts that differ.
            var change = 2
        }
        struct Completion: Encodable {
            var triggerCharacters = [".", ">", "("]
        }
        var positionEncoding = "utf-16"
        var textDocumentSync = Synchronization()
        struct Lens: Encodable { var resolveProvider = false }
        var hoverProvider = true
        var codeLensProvider = Lens()
        var definitionProvider = true
        var documentSymbolProvider = true
        var documentFormattingProvider = true
        var completionProvider = Completion()
    }
    struct ServerInfo: Encodable {
        var name = "braid"
        var version: String
    }
    var capabilities = Capabilities()
    var serverInfo: ServerInfo
}

/// An object or list about which nothing is asked.
struct Anything: Decodable {
    init(from decoder: any Decoder) throws {}
}

struct Nothing: Encodable {}
