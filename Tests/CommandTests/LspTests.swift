import Foreign
import Foundation
import Testing

/// A client of `braid lsp` that says what it is told to, and waits for the answers.
private final class Client {
    private let process: Process
    private let input = Pipe()
    private let output: Pipe
    private var buffer = Data()
    private var lastID = 0
    /// Notifications that came while an answer was awaited.
    private var notifications: [[String: Any]] = []

    init(_ workplace: Workplace) throws {
        let made = workplace.process(["lsp"])
        (process, output) = (made.0, made.output)
        process.standardInput = input
        try process.run()
    }

    deinit { if process.isRunning { process.terminate() } }

    func write(raw text: String) { try? input.fileHandleForWriting.write(contentsOf: Data(text.utf8)) }

    func send(_ message: [String: Any]) throws {
        let content = try JSONSerialization.data(withJSONObject: message)
        try input.fileHandleForWriting.write(contentsOf: Data("Content-Length: \(content.count)\r\n\r\n".utf8) + content)
    }

    func notify(_ method: String, _ parameters: [String: Any] = [:]) throws {
        try send(["jsonrpc": "2.0", "method": method, "params": parameters])
    }

    /// Sends a request and returns the whole answer.
    func ask(_ method: String, _ parameters: [String: Any] = [:]) throws -> [String: Any] {
        lastID += 1
        try send(["jsonrpc": "2.0", "id": lastID, "method": method, "params": parameters])
        while true {
            let message = try next()
            if message["id"] as? Int == lastID { return message }
            notifications.append(message)
        }
    }

    func initialize(_ capabilities: [String: Any] = [:]) throws -> [String: Any] {
        let answer = try ask("initialize", ["capabilities": capabilities, "processId": NSNull()])
        try notify("initialized")
        return answer
    }

    /// The diagnostics of a document as they come next.
    func diagnostics(of uri: String, version: Int? = nil) throws -> [[String: Any]] {
        while true {
            let message = try notifications.isEmpty ? next() : notifications.removeFirst()
            guard message["method"] as? String == "textDocument/publishDiagnostics", let content = message["params"] as? [String: Any],
                content["uri"] as? String == uri, version == nil || content["version"] as? Int == version
            else { continue }
            return try #require(content["diagnostics"] as? [[String: Any]])
        }
    }

    /// The next message from the server.
    func next() throws -> [String: Any] {
        while true {
            if let end = buffer.firstRange(of: Data("\r\n\r\n".utf8)) {
                let header = String(decoding: buffer[buffer.startIndex..<end.lowerBound], as: UTF8.self)
                let length = try #require(Int(header.split(separator: " ").last ?? ""))
                if buffer.endIndex - end.upperBound >= length {
                    let content = Data(buffer[end.upperBound..<end.upperBound + length])
                    buffer = Data(buffer[(end.upperBound + length)...])
                    return try #require(try JSONSerialization.jsonObject(with: content) as? [String: Any])
                }
            }
            let bytes = output.fileHandleForReading.availableData
            try #require(!bytes.isEmpty, "the server is gone")
            buffer += bytes
        }
    }

    /// Closes the server's input, if asked, and returns its exit status.
    func wait(closingInput: Bool = false) -> Int32 {
        if closingInput { try? input.fileHandleForWriting.close() }
        process.waitUntilExit()
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }
}

private func position(_ line: Int, _ character: Int) -> [String: Any] { ["line": line, "character": character] }

private func range(_ value: Any?) -> [Int] {
    let range = value as? [String: Any]
    return ["start", "end"].flatMap { end in
        let position = range?[end] as? [String: Any]
        return ["line", "character"].compactMap { position?[$0] as? Int }
    }
}

@Suite(.timeLimit(.minutes(2))) struct LspTests {
    private let workplace: Workplace
    private let client: Client

    private static let blocks = """
        /// A convolution with its activation.
        block layer(x, width, act = relu) {
            x |> conv: conv(width, 3, pad: 1) |> act
        }

        """
    private static let main = """
        import "blocks.braid"

        network net(classes = 10) {
            input image: f32[N, 1, 28, 28]
            let a = image |> one: layer(8) |> two: layer(16)
            output logits = a |> global_avg_pool |> flatten |> fc: linear(classes)
        }

        """
    private var uri: String { "file://" + workplace.path("main.braid").replacing("//", with: "/") }
    private var blocksURI: String { "file://" + workplace.path("blocks.braid").replacing("//", with: "/") }

    init() throws {
        workplace = try Workplace()
        try workplace.write(Self.blocks, to: "blocks.braid")
        try workplace.write(Self.main, to: "main.braid")
        client = try Client(workplace)
    }

    private func open(_ text: String = Self.main, uri: String? = nil) throws {
        let item: [String: Any] = ["uri": uri ?? self.uri, "languageId": "braid", "version": 1, "text": text]
        try client.notify("textDocument/didOpen", ["textDocument": item])
    }

    private func change(version: Int, _ changes: [[String: Any]], uri: String? = nil) throws {
        let document: [String: Any] = ["uri": uri ?? self.uri, "version": version]
        try client.notify("textDocument/didChange", ["textDocument": document, "contentChanges": changes])
    }

    /// The functions of a C file are known with their comments, and what changes in it, or in a header, is seen.
    @Test(.enabled(if: CLoader().isAvailable, "libclang is not installed")) func knowsCFiles() throws {
        let text = """
            extern "ops.c"
            network net {
                input x: f32[N, 8]
                output y = x |> bent(slope: 0.5)
            }

            """
        let ops = """
            #include "scale.h"
            /// A line with a kink.
            /// @param slope = 0.25 Below zero.
            float bent(float x, float slope) { return x > 0 ? SCALE * x : slope * x; }

            """
        try workplace.write(ops, to: "ops.c")
        try workplace.write("#define SCALE 2\n", to: "scale.h")
        _ = try client.initialize(["workspace": ["didChangeWatchedFiles": ["dynamicRegistration": true]]])
        let request = try client.next()
        #expect(request["method"] as? String == "client/registerCapability")
        try client.send(["jsonrpc": "2.0", "id": try #require(request["id"]), "result": NSNull()])
        try open(text)
        #expect(try client.diagnostics(of: uri).isEmpty)

        let hover = try ask("hover", at: 3, 21) as? [String: Any]
        let shown = (hover?["contents"] as? [String: Any])?["value"] as? String ?? ""
        for part in ["activation bent(x, slope = 0.25)", "A line with a kink.", "- `slope`: Below zero."] {
            #expect(shown.contains(part), "\(shown)")
        }
        let items = try ask("completion", at: 3, 20) as? [[String: Any]] ?? []
        let item = items.first { $0["label"] as? String == "bent" }
        #expect(item?["documentation"] as? String == "A line with a kink.")
        let definition = try ask("definition", at: 3, 21) as? [String: Any]
        #expect((definition?["uri"] as? String)?.hasSuffix("/ops.c") == true)
        #expect(range(definition?["range"]) == [3, 6, 3, 10])

        // Each file on the disk, and the C file as the editor has it.
        func changed(_ name: String, _ text: String) throws -> [[String: Any]] {
            try workplace.write(text, to: name)
            let uri = self.uri.replacing("main.braid", with: name)
            try client.notify("workspace/didChangeWatchedFiles", ["changes": [["uri": uri, "type": 2]]])
            return try client.diagnostics(of: self.uri)
        }
        let broken = try changed("scale.h", "#define SCALE scale\n")
        #expect(broken.map { $0["message"] as? String } == ["use of undeclared identifier `scale`"])
        #expect(broken.map { range($0["range"]) } == [[0, 7, 0, 14]])
        let related = (broken.first?["relatedInformation"] as? [[String: Any]])?.first?["location"] as? [String: Any]
        #expect((related?["uri"] as? String)?.hasSuffix("/ops.c") == true)
        #expect(try changed("scale.h", "#define SCALE 3\n").isEmpty)
        #expect(
            try changed("ops.c", "float bent(float x) { return x; }\n").map { $0["message"] as? String } == [
                "`bent` has no argument `slope`\nhelp: `bent` takes x"
            ])
        try open(ops, uri: uri.replacing("main.braid", with: "ops.c"))
        #expect(try client.diagnostics(of: uri).isEmpty)
    }

    private func ask(_ method: String, at line: Int, _ character: Int, uri: String? = nil) throws -> Any? {
        let parameters: [String: Any] = ["textDocument": ["uri": uri ?? self.uri], "position": position(line, character)]
        let answer = try client.ask("textDocument/" + method, parameters)
        #expect(answer["error"] == nil, "\(answer)")
        return answer["result"]
    }

    private func hover(_ line: Int, _ character: Int, uri: String? = nil) throws -> String {
        let hover = try ask("hover", at: line, character, uri: uri) as? [String: Any]
        return (hover?["contents"] as? [String: Any])?["value"] as? String ?? ""
    }

    private func end() throws {
        #expect(try client.ask("shutdown")["error"] == nil)
        try client.notify("exit")
        #expect(client.wait() == 0)
    }

    @Test func reportsWhileTyping() throws {
        let capabilities = try #require((try client.initialize()["result"] as? [String: Any])?["capabilities"] as? [String: Any])
        #expect(capabilities["positionEncoding"] as? String == "utf-16" && capabilities["hoverProvider"] as? Bool == true)
        try open()
        #expect(try client.diagnostics(of: uri).isEmpty)
        // `layer` of the first step loses its last letter.
        try change(version: 2, [["range": ["start": position(4, 30), "end": position(4, 31)], "text": ""]])
        let found = try client.diagnostics(of: uri, version: 2)
        #expect(found.count == 1 && range(found.first?["range"]) == [4, 26, 4, 30] && found.first?["severity"] as? Int == 1)
        #expect((found.first?["message"] as? String)?.contains("did you mean `layer`?") == true)
        try change(version: 3, [["range": ["start": position(4, 30), "end": position(4, 30)], "text": "r"]])
        #expect(try client.diagnostics(of: uri, version: 3).isEmpty)
        try change(version: 4, [["text": Self.main.replacing("flatten", with: "flaten")]])
        #expect(try client.diagnostics(of: uri, version: 4).count == 1)
        try client.notify("textDocument/didClose", ["textDocument": ["uri": uri]])
        #expect(try client.diagnostics(of: uri).isEmpty)
        try end()
    }

    @Test func relatesPlaces() throws {
        _ = try client.initialize()
        try open(Self.main.replacing("image |> one: layer(8)", with: "concat(image, image |> one: conv(8, 3))"))
        let found = try #require(try client.diagnostics(of: uri).first)
        let related = try #require(found["relatedInformation"] as? [[String: Any]])
        #expect(!related.isEmpty && related.allSatisfy { ($0["location"] as? [String: Any])?["uri"] as? String == uri })
        try end()
    }

    /// An error in an imported file that is open shows where it is imported, and goes away with its repair.
    @Test func followsImportedDocuments() throws {
        _ = try client.initialize()
        try open()
        #expect(try client.diagnostics(of: uri).isEmpty)
        try open(Self.blocks.replacing("3, pad", with: "0, pad"), uri: blocksURI)
        let found = try #require(try client.diagnostics(of: uri).first)
        let related = try #require(found["relatedInformation"] as? [[String: Any]])
        #expect(related.contains { ($0["location"] as? [String: Any])?["uri"] as? String == blocksURI })
        try change(version: 2, [["text": Self.blocks]], uri: blocksURI)
        #expect(try client.diagnostics(of: uri).isEmpty)
        try end()
    }

    @Test func hovers() throws {
        _ = try client.initialize()
        try open()
        // A value that was bound, a block's call with its totals, an operator with its documentation.
        #expect(try hover(4, 8).contains("f32[N, 16, 28, 28]"))
        let call = try hover(4, 26)
        // 8 kernels of 3x3 and 8 biases; 9 products for each of 8 x 28 x 28 values.
        #expect(call.contains("f32[N, 8, 28, 28]") && call.contains("80 parameters, 56,448 MACs an image"), "\(call)")
        #expect(call.contains("block layer(x, width, act = relu)") && call.contains("A convolution with its activation."))
        let linear = try hover(5, 60)
        #expect(linear.contains("f32[N, 10]") && linear.contains("170 parameters, 160 MACs an image"), "\(linear)")
        #expect(linear.contains("operator linear("))
        #expect(try hover(1, 0).isEmpty && hover(40, 2).isEmpty)

        // In an imported document, what those that import it know.
        try open(Self.blocks, uri: blocksURI)
        #expect(try client.diagnostics(of: uri).isEmpty)
        let inside = try hover(2, 16, uri: blocksURI)
        #expect(inside.contains("`one` `f32[N, 8, 28, 28]`, 80 parameters") && inside.contains("`two` `f32[N, 16, 28, 28]`"), "\(inside)")

        // In a training, what its clauses use.
        try open(Self.main + "training of net {\n    target label: i32[N]\n    loss cross_entropy(logits, label)\n}\n")
        #expect(try hover(9, 25).contains("f32[N, 10]") && hover(9, 10).contains("f32[]"))

        // A setting of the pictures.
        try open("network n {\n    input x: f32[N, 3, 8, 8] prepare resize: 9,\n        mean: 0.5, std: 0.5\n    output y = x |> relu\n}\n")
        #expect(try hover(1, 40).contains("`resize`: `256`: the shorter side") && hover(2, 20).contains("`std`: "))

        // A precision, behind its labels too.
        try open(
            "network n {\n    precision f32\n    precision a,\n        b: bf16\n    input x: f32[N, 3, 8, 8]\n    output y = x |> a: conv(1, 1) |> b: conv(1, 1)\n}\n"
        )
        #expect(try hover(1, 15).contains("binary32") && hover(3, 12).contains("bfloat16") && !hover(4, 13).contains("binary32"))

        // Within a block, all that it was called for.
        try open(
            "block twice(x, n) { x |> c: conv(n, 1) }\nnetwork n {\n    input x: f32[N, 2, 4, 4]\n    output y = x |> a: twice(3) |> b: twice(5)\n}\n"
        )
        let both = try hover(0, 29)
        #expect(both.contains("elaborated 2 times"), "\(both)")
        #expect(both.contains("`a` `f32[N, 3, 4, 4]`, 9 parameters, 96 MACs") && both.contains("`b` `f32[N, 5, 4, 4]`, 20 parameters"))
        try end()
    }

    @Test func findsDefinitions() throws {
        _ = try client.initialize()
        try open()
        func definition(_ line: Int, _ character: Int) throws -> (uri: String, range: [Int]) {
            let location = try #require(try ask("definition", at: line, character) as? [String: Any])
            return (location["uri"] as? String ?? "", range(location["range"]))
        }
        #expect(try definition(4, 27) == (blocksURI, [1, 6, 1, 11]))
        #expect(try definition(0, 10) == (blocksURI, [0, 0, 0, 0]))
        #expect(try definition(5, 20) == (uri, [4, 8, 4, 9]))
        #expect(try definition(5, 68) == (uri, [2, 12, 2, 19]))
        // Of the prelude and of operators there is no file.
        #expect(try ask("definition", at: 5, 25) is NSNull)
        try end()
    }

    @Test func formatsAndOutlines() throws {
        _ = try client.initialize()
        try open(Self.main.replacing("    let a = image", with: "  let a=image"))
        let request: [String: Any] = ["textDocument": ["uri": uri], "options": ["tabSize": 4, "insertSpaces": true]]
        let edits = try #require(try client.ask("textDocument/formatting", request)["result"] as? [[String: Any]])
        #expect(edits.count == 1 && range(edits[0]["range"]) == [4, 0, 5, 0])
        #expect(edits[0]["newText"] as? String == "    let a = image |> one: layer(8) |> two: layer(16)\n")
        let symbols = try #require(try client.ask("textDocument/documentSymbol", request)["result"] as? [[String: Any]])
        #expect(symbols.map { $0["name"] as? String } == ["net"])
        #expect((symbols[0]["children"] as? [[String: Any]])?.map { $0["name"] as? String } == ["image", "logits"])

        try change(version: 2, [["text": "network n {"]])
        #expect((try client.ask("textDocument/formatting", request)["result"] as? [Any])?.isEmpty == true)
        try end()
    }

    @Test func completes() throws {
        _ = try client.initialize()
        try open()
        func labels(_ line: Int, _ character: Int) throws -> [String] {
            (try ask("completion", at: line, character) as? [[String: Any]] ?? []).compactMap { $0["label"] as? String }
        }
        let step = try labels(4, 21)
        #expect(step.contains("layer") && step.contains("max_pool") && !step.contains("let"))
        let argument = try labels(5, 66)
        #expect(argument.contains("bias") && argument.contains("classes") && argument.contains("a") && argument.contains("relu"))
        try change(version: 2, [["text": "block b(x) { x. }"]])
        #expect(try labels(0, 15) == ["channels", "height", "width", "length", "depth", "last", "rank", "count"])
        let settings = ["resize", "crop", "interpolation", "exif_orientation", "channel_order", "mean", "std"]
        let input = "network n { input x: f32[N, 3, 8, 8] prepare "
        try change(version: 3, [["text": input + "resize: 9, "]])
        #expect(try labels(0, input.count) == settings && labels(0, input.count + 11) == settings)
        #expect(try labels(0, input.count + 8).contains("relu"))
        let clauses = "network n {\n    precision \n    precision a, {i}.b: \n    let y = c: "
        try change(version: 4, [["text": clauses]])
        #expect(try labels(2, 24) == ["f32", "bf16"])
        #expect(try labels(1, 14).contains("bf16") && !labels(3, 15).contains("bf16"))
        try end()
    }

    /// Nothing that a client may send stops the server.
    @Test func survivesMalformedMessages() throws {
        func code(_ message: [String: Any]) -> Int? { (message["error"] as? [String: Any])?["code"] as? Int }
        #expect(code(try client.ask("textDocument/hover")) == -32002)
        _ = try client.initialize()
        #expect(code(try client.ask("initialize")) == -32600)
        #expect(code(try client.ask("textDocument/conjure")) == -32601)
        #expect(code(try client.ask("textDocument/hover", ["textDocument": 3])) == -32602)
        #expect(code(try client.ask("textDocument/hover", ["textDocument": ["uri": "file:///x"], "position": position(0, 0)])) == -32602)
        for (text, expected) in [
            ("{\"jsonrpc\"", -32700), ("[1, 2]", -32600), ("{\"id\": 1.5, \"method\": \"x\"}", -32600), ("{}", -32600), ("\u{1}", -32700),
            (String(repeating: "[", count: 100_000), -32700), ("{\"method\": \"textDocument/didOpen\"}", -32602),
            ("{\"method\": \"textDocument/didChange\", \"params\": {\"textDocument\": {\"uri\": \"a\"}, \"contentChanges\": []}}", -32602),
        ] {
            client.write(raw: "Content-Length: \(text.utf8.count)\r\n\r\n\(text)")
            let answer = try client.next()
            #expect(code(answer) == expected && answer["id"] is NSNull, "\(text.prefix(40)): \(answer)")
        }
        client.write(raw: "Content-Length: 17179869184\r\n\r\n")
        #expect(code(try client.next()) == -32600)
        #expect(client.wait(closingInput: true) == 1)
    }

    @Test func survivesOddDocuments() throws {
        _ = try client.initialize()
        try open("\u{FEFF}network é𝄞 {\r\n  \"unclosed\n\u{0}}}}}((((")
        #expect(!(try client.diagnostics(of: uri)).isEmpty)
        // Places outside of the text mean its nearest end.
        for (line, character) in [(0, 9), (0, 10_000), (100_000, 0), (-1, -1), (1, 3), (2, 2)] { _ = try hover(line, character) }
        try change(version: 2, [["range": ["start": position(9, 9), "end": position(0, 3)], "text": "𝄞"], ["text": ""]])
        #expect(try client.diagnostics(of: uri, version: 2).isEmpty)
        try change(version: 3, [["text": String(repeating: "#", count: 2 << 20)]])
        #expect(try client.diagnostics(of: uri, version: 3).first?["severity"] as? Int == 2)
        #expect(try hover(0, 0).isEmpty)
        // Without a shutdown the end is not a proper one.
        try client.notify("exit")
        #expect(client.wait() == 1)
    }

    /// Of many changes in a row only the newest is elaborated; requests that were taken back are not answered with work.
    @Test func keepsUpWithTyping() throws {
        _ = try client.initialize()
        try open()
        for version in 2...200 { try change(version: version, [["text": Self.main + "# \(version)\n"]]) }
        #expect(try client.diagnostics(of: uri, version: 200).isEmpty)
        try client.send(["jsonrpc": "2.0", "method": "$/cancelRequest", "params": ["id": "later"]])
        let parameters: [String: Any] = ["textDocument": ["uri": uri], "position": position(4, 8)]
        try client.send(["jsonrpc": "2.0", "id": "later", "method": "textDocument/hover", "params": parameters])
        let answer = try client.next()
        #expect(answer["id"] as? String == "later" && (answer["error"] as? [String: Any])?["code"] as? Int == -32800)
        try end()
    }

    /// A network of 153 convolutions in nested blocks, with its training: as large as Inception v4.
    private static let large = """
        block conv_bn(x, width, kernel = 3, stride = 1, pad = 0) {
            x |> conv: conv(width, kernel, stride: stride, pad: pad, bias: false) |> bn: batchnorm |> relu
        }

        block branches(x, a, b) {
            concat(
                x |> branch0: conv_bn(a, 1),
                x |> branch1.0: conv_bn(a, 1) |> branch1.1: conv_bn(b, (1, 7), pad: (0, 3)) |> branch1.2: conv_bn(b, (7, 1), pad: (3, 0)),
                x |> branch2.0: conv_bn(a, 1) |> branch2.1: conv_bn(b, 3, pad: 1) |> branch2.2: conv_bn(b, 3, pad: 1),
                x |> avg_pool(3, stride: 1, pad: 1) |> branch3: conv_bn(a, 1))
        }

        block stage(x, count, a, b) {
            var y = x
            for i in 0..<count { y = y |> {i}: branches(a, b) }
            y
        }

        network large(classes = 1000) {
            input image: f32[N, 3, 299, 299]
            let stem = image |> stem: conv_bn(32, stride: 2) |> max_pool(3, stride: 2)
            let middle = stem |> mixed1: stage(6, 96, 128) |> max_pool(3, stride: 2) |> mixed2: stage(7, 128, 192)
            let features = middle |> max_pool(3, stride: 2) |> mixed3: stage(6, 192, 256)
            output logits = features |> global_avg_pool |> flatten |> fc: linear(classes)
        }

        training of large {
            target label: i32[N]
            loss cross_entropy(logits, label)
            optimizer sgd(momentum: 0.9)
            schedule cosine(rate: 0.05, epochs: 10)
        }

        """

    /// A release build takes a hundredth of what is allowed here to a debug build on a busy machine; docs/editors.md has its figures.
    @Test func keepsUpWithALargeNetwork() throws {
        _ = try client.initialize()
        try open(Self.large)
        #expect(try client.diagnostics(of: uri).isEmpty)
        let clock = ContinuousClock()
        let typing = try clock.measure {
            try change(version: 2, [["range": ["start": position(20, 38), "end": position(20, 40)], "text": "40"]])
            #expect(try client.diagnostics(of: uri, version: 2).isEmpty)
        }
        let asking = try clock.measure {
            let total = try hover(21, 86)
            #expect(
                total.contains("f32[N, 640, 36, 36]") && total.contains("9,094,656 parameters, 11,763,449,856 MACs an image"), "\(total)")
        }
        #expect(typing < .seconds(4) && asking < .seconds(4), "\(typing), \(asking)")
        #expect(try hover(1, 16).contains("elaborated 153 times"))
        try end()
    }
}
