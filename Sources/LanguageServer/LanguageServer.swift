import Foundation
import Language
import Source

/// Answers the messages of the Language Server Protocol: diagnostics while typing, hover, definitions, symbols, completion, formatting.
///
/// It elaborates networks and compiles nothing. One thread at a time may use it.
public final class LanguageServer {
    /// What is left to do after a message.
    public enum State: Equatable, Sendable {
        case running
        /// The client has said good-bye, properly or not.
        case ended(isProper: Bool)
    }

    private enum Phase { case fresh, running, shutDown }

    private let version: String
    private let send: (Data) -> Void
    private var phase = Phase.fresh
    private var workspace = Workspace()
    private var measured = MeasuredLines()
    /// The folder that the client has open, if it says.
    private var root: String?
    /// Whether the client tells of files that change on the disk if it is asked to.
    private var clientWatchesFiles = false

    /// - Parameters:
    ///   - version: what the client is told.
    ///   - send: takes the content of a message to the client, without its header.
    public init(version: String, send: @escaping (Data) -> Void) {
        self.version = version
        self.send = send
    }

    // MARK: - Messages

    /// Takes in the content of one message.
    ///
    /// - Parameter isCancelled: whether the client has taken a request back since.
    public func receive(_ content: Data, isCancelled: (Data) -> Bool = { _ in false }) -> State {
        let envelope: Envelope
        do {
            envelope = try JSONDecoder().decode(Envelope.self, from: content)
        } catch {
            let isJSON = (try? JSONDecoder().decode(Anything.self, from: content)) != nil
            complain(isJSON ? .invalidRequest : .parseError, isJSON ? "this is no message of JSON-RPC" : "this is no JSON")
            return .running
        }
        // A message without a method answers a request, and the server waits for no answer.
        guard let method = envelope.method else {
            if envelope.id == nil { complain(.invalidRequest, "a message needs a method") }
            return .running
        }
        if method == "exit" { return .ended(isProper: phase == .shutDown) }
        guard let id = envelope.id else {
            notify(method, content)
            return .running
        }
        do throws(ResponseError) {
            if phase == .fresh, method != "initialize" {
                throw ResponseError(code: .serverNotInitialized, message: "initialize the server first")
            }
            if phase == .shutDown { throw ResponseError(code: .invalidRequest, message: "the server is shut down") }
            if isCancelled(content) { throw ResponseError(code: .requestCancelled, message: "taken back") }
            try answer(method, id, content)
        } catch {
            encode(Response<Nothing>(id: id, error: error))
        }
        return .running
    }

    /// Answers what cannot be read at all.
    func complain(_ code: ResponseError.Code, _ message: String) {
        encode(Response<Nothing>(id: nil, error: ResponseError(code: code, message: message)))
    }

    public func complainAboutFraming(_ message: String) { complain(.invalidRequest, message) }

    private func answer(_ method: String, _ id: RequestID, _ content: Data) throws(ResponseError) {
        switch method {
        case "initialize":
            guard phase == .fresh else { throw ResponseError(code: .invalidRequest, message: "the server is initialized already") }
            phase = .running
            let client = try? parameters(InitializeParameters.self, content)
            clientWatchesFiles = client?.capabilities.workspace?.didChangeWatchedFiles?.dynamicRegistration == true
            root = (client?.workspaceFolders?.first?.uri ?? client?.rootUri).map(Document.path)
            reply(id, Initialization(serverInfo: Initialization.ServerInfo(version: version)))
        case "shutdown":
            phase = .shutDown
            reply(id, Nothing?.none)
        case "textDocument/hover":
            let (inspection, document, offset) = try place(content)
            // A file of blocks has no shapes of its own.
            let importers = inspection?.records.isEmpty == true ? workspace.importers(of: document) : []
            let hover = inspection?.hover(at: offset, in: document, importers: importers)
            let line = document.source.lineIndex(at: offset)
            reply(id, document.adding(measured.lines(of: document, within: root)[line] ?? [], to: hover, at: offset))
        case "textDocument/codeLens":
            let document = try document(try parameters(DocumentParameters.self, content).textDocument.uri)
            reply(id, document.lenses(measured.lines(of: document, within: root)))
        case "textDocument/definition":
            let (inspection, document, offset) = try place(content)
            reply(id, inspection?.definition(at: offset, in: document))
        case "textDocument/completion":
            let (inspection, _, offset) = try place(content)
            reply(id, inspection?.completions(at: offset) ?? [])
        case "textDocument/documentSymbol":
            let document = try document(try parameters(DocumentParameters.self, content).textDocument.uri)
            reply(id, workspace.analysis(of: document.uri)?.inspection.symbols(in: document) ?? [])
            publish(document.uri)
        case "textDocument/formatting":
            reply(id, try document(try parameters(DocumentParameters.self, content).textDocument.uri).formattingEdits())
        default: throw ResponseError(code: .methodNotFound, message: "the server has no `\(method.prefix(80))`")
        }
    }

    private func notify(_ method: String, _ content: Data) {
        guard phase == .running else { return }
        do throws(ResponseError) {
            switch method {
            case "textDocument/didOpen":
                let item = try parameters(OpenParameters.self, content).textDocument
                workspace.open(Document(uri: item.uri, version: item.version, text: item.text))
            case "textDocument/didChange":
                let change = try parameters(ChangeParameters.self, content)
                if !workspace.change(change) {
                    throw ResponseError(code: .invalidParams, message: "\(change.textDocument.uri) is not open")
                }
            case "textDocument/didClose":
                let uri = try parameters(DocumentParameters.self, content).textDocument.uri
                workspace.close(uri)
                encode(Notification(method: "textDocument/publishDiagnostics", params: DiagnosticsParameters(uri: uri, diagnostics: [])))
            case "initialized": if clientWatchesFiles { encode(WatchRequest()) }
            case "workspace/didChangeWatchedFiles":
                for change in try parameters(WatchedFilesParameters.self, content).changes { workspace.changeOnDisk(change.uri) }
            // What is not known may be left alone: `$/setTrace`, saved files.
            default: break
            }
        } catch {
            complain(error.code, "\(method): \(error.message)")
        }
    }

    // MARK: - Diagnostics

    /// Whether a document has changed since its diagnostics were sent.
    public var hasUnpublishedDocuments: Bool { !workspace.unpublished.isEmpty }

    /// Analyses the document that has waited longest and sends what is wrong with it.
    public func publishNext() {
        if let uri = workspace.unpublished.first { publish(uri) }
    }

    /// Whether the rules of `braid lint` have something left to look at.
    public var hasUnlintedDocuments: Bool { !workspace.unlinted.isEmpty }

    /// Looks at one more network, and sends what the rules found in a document, if it is something, behind the diagnostics.
    public func lintNext() {
        guard let (uri, findings) = workspace.lintNext(), !findings.isEmpty, let document = workspace.documents[uri],
            let inspection = workspace.analysis(of: uri)?.inspection
        else { return }
        encode(
            Notification(
                method: "textDocument/publishDiagnostics",
                params: DiagnosticsParameters(
                    uri: uri, version: document.version, diagnostics: inspection.reports(in: document, findings))))
    }

    /// Sends a document's diagnostics where they have not been sent since its last change.
    private func publish(_ uri: String) {
        guard workspace.unpublished.contains(uri), let document = workspace.documents[uri] else { return }
        let reports = workspace.analysis(of: uri)?.inspection.reports(in: document) ?? [Self.tooLarge]
        workspace.settle(uri)
        encode(
            Notification(
                method: "textDocument/publishDiagnostics",
                params: DiagnosticsParameters(uri: uri, version: document.version, diagnostics: reports)))
    }

    private static let tooLarge = ReportedDiagnostic(
        range: PositionRange(start: Position(line: 0, character: 0), end: Position(line: 0, character: 0)), severity: 2,
        message: "this text has more than \(Workspace.maximumText) bytes and is not checked while you type; `braid check` does",
        relatedInformation: [])

    // MARK: - Reading and writing

    private func parameters<Content: Decodable>(_ type: Content.Type, _ content: Data) throws(ResponseError) -> Content {
        do {
            return try JSONDecoder().decode(Parameters<Content>.self, from: content).params
        } catch {
            throw ResponseError(code: .invalidParams, message: "the parameters are not those of the method")
        }
    }

    private func document(_ uri: String) throws(ResponseError) -> Document {
        guard let document = workspace.documents[uri] else { throw ResponseError(code: .invalidParams, message: "\(uri) is not open") }
        return document
    }

    /// The document and byte that a request is about, with the analysis of the newest text.
    private func place(_ content: Data) throws(ResponseError) -> (Inspection?, Document, Int) {
        let parameters = try parameters(PositionParameters.self, content)
        let document = try document(parameters.textDocument.uri)
        let analysis = workspace.analysis(of: document.uri)
        publish(document.uri)
        return (analysis?.inspection, document, document.source.offset(of: parameters.position))
    }

    private func reply(_ id: RequestID, _ result: (some Encodable)?) { encode(Response(id: id, result: result)) }

    private func encode(_ message: some Encodable) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        guard let data = try? encoder.encode(message) else { preconditionFailure("an answer cannot be written as JSON") }
        send(data)
    }
}
