import Graph
import Source
import Testing

/// A graph with everything that can be printed.
private func everything() throws -> Graph {
    let builder = GraphBuilder(name: "a graph")
    let type = TensorType.f32(.symbol("N"), 64, 28, 28)
    let image = builder.input("image", type)
    let weight = builder.parameter(Parameter("0.weight", .weight, .form(.fanInUniform, ["fan_in": 9])), type, label: "features.0")
    _ = builder.parameter(Parameter("mean", .state, .form(.normal, ["deviation": 0.01])), .f32())
    let half = builder.constant(-0.5)
    let plain = try builder.append(
        TinyOperators.everything, [image, weight], ["function": .function(TinyOperators.relu)], label: "blocks.0.conv1",
        span: Span(file: FileID(rawValue: 2), 10..<20))
    let full = try builder.append(
        TinyOperators.everything, [plain, plain],
        [
            "function": .function(ScalarFunction("f", [], 1)), "count": .integer(-4), "slope": .number(0.1), "fast": .boolean(false),
            "kernel": .integers([3, 5]), "pad": .integers([1, 0]), "border": .text("same"), "note": .text("a \"quoted\"\\\ntext"),
            "target": .shape(type.shape),
        ], label: "odd label")
    builder.output("result", full)
    builder.output("half", half)
    builder.update(weight, to: plain)
    var graph = builder.finish()
    graph[full].layout = Layout([.init(axis: 1, size: 16), .init(axis: 0, size: 4)])
    graph[full].group = 3
    graph[plain].layout = .plain
    return graph
}

/// Reads `body` inside a graph's braces and expects the error `expected`.
private func check(rejects body: String, because expected: String, sourceLocation: SourceLocation = #_sourceLocation) {
    let error = #expect(throws: TextError.self, sourceLocation: sourceLocation) {
        _ = try Graph(reading: "graph g {\n\(body)\n}\n", catalog: TinyOperators.catalog)
    }
    #expect(error?.description == expected, sourceLocation: sourceLocation)
}

private typealias SourceLocation = Testing.SourceLocation

@Suite struct GraphTextTests {
    /// Whatever bits a constant has that is no number, it is printed as one, and read.
    @Test(arguments: [Double.nan, -.nan, Double(nan: 0x3FF, signaling: false), -Double(nan: 5, signaling: false), .infinity, -.infinity])
    func constantsThatAreNotFiniteComeBack(number: Double) throws {
        let builder = GraphBuilder(name: "g")
        builder.output("y", builder.constant(number))
        let graph = builder.finish()
        let text = graph.description
        #expect(text.contains("%0 = \(number.isNaN ? "nan" : number < 0 ? "-inf" : "inf") : f32[]"))
        #expect(try Graph(reading: text, catalog: TinyOperators.catalog).description == text)
    }

    @Test func readsLikeABook() throws {
        #expect(
            try everything().description == #"""
                graph "a graph" {
                  %0 = input image : f32[N, 64, 28, 28]
                  %1 = weight "0.weight" fan_in_uniform(9) : f32[N, 64, 28, 28]  # features.0
                  %2 = state mean normal(0.01) : f32[]
                  %3 = -0.5 : f32[]
                  %4 = everything(%0, %1) function=relu(x) = max(x, 0) : f32[N, 64, 28, 28] plain  # blocks.0.conv1
                  %5 = everything(%4, %4) count=-4 slope=0.1 fast=false kernel=(3, 5) pad=[1, 0] border="same" note="a \"quoted\"\\\ntext" function=f() = 1 target=[N, 64, 28, 28] : f32[N, 64, 28, 28] blocked(1:16 0:4) group 3  # "odd label"
                  output result = %5
                  output half = %3
                  update "0.weight" = %4
                }

                """#)
    }

    @Test func roundTrips() throws {
        let graph = try everything()
        #expect(try Graph(reading: graph.text(spans: true), catalog: TinyOperators.catalog) == graph)
        #expect(try Graph(reading: graph.text(), catalog: TinyOperators.catalog) == graph.withoutSpans)
        #expect(graph.violations().isEmpty)
    }

    @Test func completesWhatIsLeftOut() throws {
        let text = """
            # A comment, then a graph by hand.
            graph g {

              %10 = input x : f32[2]   
              %7 = join(%10, %10, %10) group 1  # joined
              output y = %7
            }
            """
        let graph = try Graph(reading: text, catalog: TinyOperators.catalog)
        #expect(graph.nodes.map(\.type) == [.f32(2), .f32(6)])
        #expect(graph.nodes[1].label == "joined" && graph.nodes[1].group == 1)
    }

    /// The clause with the longest path holds, by whole parts of labels.
    @Test func clausesHoldForWhatIsBeneath() throws {
        let text = """
            graph g {
              precision bf16
              precision bf16 f32
              precision layer1 f32
              precision layer1.0.conv bf16
              precision "layer 2" f32
              %0 = input x : f32[2]
              output y = %0
            }

            """
        let clauses = try Graph(reading: text, catalog: TinyOperators.catalog).precisions
        #expect(
            try Graph(reading: text, catalog: TinyOperators.catalog).text()
                == text.replacing("  precision \"layer 2\" f32\n", with: "")
                .replacing("  precision layer1 f32\n", with: "  precision \"layer 2\" f32\n  precision layer1 f32\n"))
        func found(_ label: String?) -> String { clauses.clause(for: label).map { "\($0.path) \($0.precision)" } ?? "" }
        #expect(found(nil) == " bf16" && found("other") == " bf16" && found("bf16.x") == "bf16 f32")
        #expect(found("layer1") == "layer1 f32" && found("layer1.0.bn") == "layer1 f32" && found("layer10") == " bf16")
        #expect(found("layer1.0.conv") == "layer1.0.conv bf16" && found("layer1.0.conv.2") == "layer1.0.conv bf16")
        #expect(found("layer1.0.conv2") == "layer1 f32" && found("layer 2.é") == "layer 2 f32" && found("layer 2é") == " bf16")
        #expect(PrecisionClauses().clause(for: "a") == nil)
    }

    @Test func saysWhatIsWrongAndWhere() {
        let input = "%0 = input x : f32[2]\n"
        check(rejects: "%0 = join(%1)", because: "2:11: %1 is not defined; operands precede their users")
        check(rejects: input + "%0 = join(%0)", because: "3:1: %0 is defined twice")
        check(rejects: input + "%1 = joint(%0)", because: "3:6: there is no operator 'joint'; did you mean 'join'?")
        check(rejects: input + "%1 = join()", because: "3:6: 'join' takes one operand or more")
        check(rejects: input + "%1 = everything(%0)", because: "3:6: 'everything' takes 2 operands (x, y), not 1")
        check(rejects: input + "%1 = join(%0) : f32[3]", because: "3:17: the type is f32[2], not f32[3]")
        check(rejects: input + "%1 = join(%0) axis=1", because: "3:15: 'join' has no parameter 'axis'")
        check(rejects: input + "%1 = everything(%0, %0)", because: "3:6: 'everything' needs 'function': a function")
        check(
            rejects: input + "%1 = everything(%0, %0) function=f(x) = x + nan",
            because: "3:25: 'function' cannot hold nan; give a number")
        check(rejects: input + "%1 = everything(%0, %0) fast=1", because: "3:30: expected true or false, found '1'")
        check(
            rejects: input + "%1 = everything(%0, %0) border=\"sme\"",
            because: "3:32: expected an integer, a list of integers or \"same\", found \"sme\"; did you mean \"same\"?")
        check(
            rejects: input + "%1 = everything(%0, %0) border=same",
            because: "3:32: expected an integer, a list of integers or \"same\", found 'same'")
        check(rejects: input + "%1 = input x : i32[2]", because: "3:12: there are two inputs or parameters called 'x'; rename one")
        check(rejects: input + "output y = %0\noutput y = %0", because: "4:8: there are two outputs called 'y'; rename one")
        check(rejects: input + "precision a f8", because: "3:13: there is no precision 'f8'; write f32 or bf16")
        check(rejects: input + "precision f8", because: "3:11: there is no precision 'f8'; write f32 or bf16")
        check(rejects: input + "precision", because: "3:10: expected a label or a precision, found the end of the line")
        check(
            rejects: input + "precision a f32\nprecision a bf16", because: "4:11: the precision of 'a' is given twice; leave one out")
        check(
            rejects: input + "precision f32\nprecision \"\" f32",
            because: "4:11: the precision of the whole network is given twice; leave one out")
        check(rejects: input + "update x = %0", because: "3:8: there is no parameter 'x'")
        check(rejects: "%0 = input x : f64[2]", because: "2:16: expected f32 or i32, found 'f64'")
        check(rejects: "%0 = input x : f32[0]", because: "2:20: an extent must lie in 1...2147483647, not 0")
        check(
            rejects: "%0 = input x : f32[99999999999999999999]",
            because: "2:20: a size must lie in 0...1099511627776, not 99999999999999999999")
        check(
            rejects: "%0 = input x : f32[2000000000, 2000000000]",
            because: "2:19: [2000000000, 2000000000] is too large; a tensor has at most 2^40 elements")
        check(rejects: "%0 = input x : f32[2] blocked(1:4)", because: "2:23: the layout blocks axis 1 of a tensor with 1 axes")
        check(rejects: "%0 = input \"x : f32[2]", because: "2:12: this quote is not closed; add '\"'")
        check(
            rejects: "%0 = weight w he : f32[2]",
            because: """
                2:15: expected an initializer, found 'he'; there are zeros, ones, constant(value), normal(deviation), \
                truncated_normal(deviation), uniform(bound), orthogonal(gain), he_normal, he_uniform, he_normal_fan_out, he_uniform_fan_out, \
                xavier_normal, xavier_uniform, lecun_normal, fan_in_uniform and tensor [values]
                """)
        check(rejects: "%0 = weight w tensor [1, 2] : f32[3]", because: "2:31: 2 values do not fill f32[3]")
        check(
            rejects: "%0 = weight w zeros : f32[2]\n%1 = input x : f32[3]\nupdate w = %1",
            because: "4:12: 'w' is f32[2], but its next value is f32[3]")
    }

    /// Text with bytes changed, dropped and doubled is read or refused, never more.
    @Test func survivesMutilation() throws {
        let original = Array(try everything().text(spans: true).utf8)
        var random = SplitMix(seed: 7)
        var accepted = 0
        for _ in 0..<3000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(original.randomElement(using: &random)!, at: place)
                default: bytes.removeSubrange(place...)
                }
                if bytes.isEmpty { bytes = [0] }
            }
            guard let graph = try? Graph(reading: String(decoding: bytes, as: UTF8.self), catalog: TinyOperators.catalog) else { continue }
            accepted += 1
            #expect(graph.violations().isEmpty)
            #expect(try Graph(reading: graph.text(spans: true), catalog: TinyOperators.catalog) == graph)
        }
        #expect(accepted > 10)
    }
}

@Suite struct GraphVerifierTests {
    /// Breaks a good graph and expects the complaint `expected`.
    private func check(_ expected: String, _ breaking: (inout Graph) -> Void, sourceLocation: Testing.SourceLocation = #_sourceLocation)
        throws
    {
        var graph = try everything()
        breaking(&graph)
        #expect(graph.violations().map(\.description).contains(expected), "\(graph.violations())", sourceLocation: sourceLocation)
    }

    @Test func findsBrokenInvariants() throws {
        try check("%4: an operand does not precede its user") { $0.nodes[4].operands[0] = Value(5) }
        try check("%4: an operand does not precede its user") { $0.nodes[4].operands[0] = Value(-1) }
        try check("%5: it is recorded as f32[2], but is f32[N, 64, 28, 28]") { $0.nodes[5].type = .f32(2) }
        try check("%2: a second input or parameter is called 'image'") { $0.nodes[2].kind = .parameter(Parameter("image", .state, .zeros)) }
        try check("%4: 'everything' takes 2 operands (x, y), not 1") { $0.nodes[4].operands.removeLast() }
        try check("%4: its attributes are not complete") {
            $0.nodes[4].kind = .operation(TinyOperators.everything, ["function": .function(TinyOperators.relu)])
        }
        try check("%3: the layout blocked(0:4) does not fit f32[]") { $0.nodes[3].layout = Layout([.init(axis: 0, size: 4)]) }
        try check("two outputs are called 'half'") { $0.outputs.append(.init("half", Value(0))) }
        try check("the output 'z' is no value of the graph") { $0.outputs.append(.init("z", Value(99))) }
        try check("'0.weight' is updated twice") { $0.updates.append($0.updates[0]) }
        try check("an update of %0 does not refer to a parameter and a value") {
            $0.updates.append(.init(state: Value(0), value: Value(0)))
        }
        try check("'mean' is f32[], but its next value is f32[N, 64, 28, 28]") {
            $0.updates.append(.init(state: Value(2), value: Value(4)))
        }
    }
}
