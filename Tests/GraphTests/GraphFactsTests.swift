import Graph
import Testing

/// What is worked out once about a graph.
@Suite struct GraphFactsTests {
    /// Two parameters, of which each run changes one, an input, a constant, and an operation on each; of two operands an operation reads
    /// the first.
    private struct Network {
        let facts: GraphFacts
        let input, kept, updated, constant, fromInput, fromKept, fromUpdated, fromConstant, sum: Value

        init() throws {
            let builder = GraphBuilder(name: "facts")
            func operation(_ operands: Value...) throws -> Value {
                try builder.append(TinyOperators.everything, operands, ["function": .function(TinyOperators.relu)])
            }
            input = builder.input("input", .f32())
            kept = builder.parameter(Parameter("kept", .weight, .zeros), .f32())
            updated = builder.parameter(Parameter("updated", .weight, .zeros), .f32())
            constant = builder.constant(2)
            fromInput = try operation(input, kept)
            fromKept = try operation(kept, constant)
            fromUpdated = try operation(updated, kept)
            fromConstant = try operation(constant, constant)
            sum = try operation(fromKept, fromInput)
            builder.output("result", sum)
            builder.output("other", fromConstant)
            builder.update(updated, to: fromUpdated)
            facts = GraphFacts(builder.finish())
        }
    }

    /// What follows from parameters is prepared, unless a run changes them; what follows from no parameter is constant too.
    @Test func preparedAndConstantDiffer() throws {
        let network = try Network()
        let facts = network.facts
        let all = facts.graph.values
        #expect(all.filter { facts.isPrepared($0) } == [network.kept, network.constant, network.fromKept, network.fromConstant])
        #expect(all.filter { facts.isConstant($0) } == [network.constant, network.fromConstant])
    }

    @Test func knowsUsersAndWhatLeaves() throws {
        let network = try Network()
        let facts = network.facts
        #expect(facts.graph.values.filter { facts.leaves($0) } == [network.fromUpdated, network.fromConstant, network.sum])
        #expect(facts.users(of: network.kept) == [network.fromInput, network.fromKept, network.fromUpdated])
        #expect(facts.users(of: network.constant) == [network.fromKept, network.fromConstant])
        #expect(facts.soleUser(of: network.fromKept) == network.sum)
        #expect(facts.soleUser(of: network.kept) == nil && facts.soleUser(of: network.sum) == nil)
    }

    /// An expression need not read all operands; everything else reads them all.
    @Test func knowsWhatIsRead() throws {
        let network = try Network()
        #expect(network.facts.readOperands(of: network.sum) == [network.fromKept])
        #expect(network.facts.fullSizeOperands(of: network.sum) == [network.fromKept])
        #expect(network.facts.expression(of: network.sum) == .argument(0))
        #expect(network.facts.lowering(of: network.input) == nil && network.facts.readOperands(of: network.input).isEmpty)

        let builder = GraphBuilder(name: "joined")
        let (first, second) = (builder.input("first", .f32(2)), builder.input("second", .f32(2)))
        let joined = try builder.append(TinyOperators.join, [first, second, first], [:])
        builder.output("joined", joined)
        let facts = GraphFacts(builder.finish())
        #expect(facts.readOperands(of: joined) == [first, second, first])
        #expect(facts.users(of: first) == [joined])
        #expect(facts.fullSizeOperands(of: joined).isEmpty && facts.expression(of: joined) == nil && facts.contraction(of: joined) == nil)
    }
}
