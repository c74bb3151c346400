import Graph

extension Pass {
    /// Decides which nodes become one kernel, by what they compute and the shapes they compute it over:
    ///
    /// - a contraction or window takes along the element-wise operations that alone use its result (`joinEpilogues`);
    /// - a product of matrices takes along the softmax of another product of matrices that it multiplies (`joinAttention`);
    /// - a cheap element-wise value is computed anew by each of its readers and never stored (`chooseRecomputed`);
    /// - element-wise operations and reductions over one space share a loop where they share tensors (`joinLoops`);
    /// - a reshape that moves nothing is no kernel; everything else is one of its own.
    ///
    /// Groups are numbered in an order in which they can run.
    public static let fuse = Pass("fuse", "Decides which nodes become one kernel.") { graph, context in
        var fusion = Fusion(GraphFacts(graph), context)
        fusion.joinEpilogues()
        fusion.joinAttention()
        fusion.chooseRecomputed()
        fusion.noteReads()
        fusion.joinLoops()
        return fusion.numbered()
    }
}

/// Which nodes share a kernel, while it is being decided.
struct Fusion {
    let facts: GraphFacts
    let context: PassContext
    /// Nodes of one set share a kernel.
    var units: DisjointSets
    /// The members of every unit, by its representative, in order.
    var members: [Int: [Value]] = [:]
    /// Whether a node is computed inside each kernel that reads it: recomputed values, free reshapes, numbers.
    var isInlined: [Bool]
    /// The sum of costs of an inlined value and the inlined values it reads.
    var inlinedCost: [Int]
    /// Whether a contraction's or window's kernel has taken the node.
    var isEpilogue: [Bool]
    /// The operations whose stored results each value reads, directly or through inlined ones; known once inlining is decided.
    var storedOperands: [[Value]] = []
    /// The tensors in memory, inputs and parameters too, that computing each value reads; known once inlining is decided.
    var readTensors: [Set<Value>] = []

    /// The rules that were applied to each value.
    private var rules: [Value: [String]] = [:]

    var graph: Graph { facts.graph }

    /// Notes that a rule was applied, for reports and in the value's provenance.
    mutating func fire(_ rule: String, at value: Value) {
        context.firings.fire(rule)
        rules[value, default: []].append(rule)
    }

    init(_ facts: GraphFacts, _ context: PassContext) {
        self.facts = facts
        self.context = context
        let count = facts.graph.nodes.count
        units = DisjointSets(count: count)
        isInlined = [Bool](repeating: false, count: count)
        inlinedCost = [Int](repeating: 0, count: count)
        isEpilogue = [Bool](repeating: false, count: count)
        for value in facts.graph.values where facts.graph[value].operation != nil {
            members[value.index] = [value]
            // Free reshapes, and numbers that attributes give.
            guard !facts.leaves(value) else { continue }
            isInlined[value.index] = facts.graph[value].operands.isEmpty || isFreeReshape(value)
        }
    }

    /// A reshape that moves nothing and is not on the border between what is prepared and what runs each time.
    private func isFreeReshape(_ value: Value) -> Bool {
        facts.isAlias(value) && facts.users(of: value).allSatisfy { runsBeside(value, $0) }
    }

    /// Whether two values are computed at the same time: when parameters are loaded, or in every run.
    func runsBeside(_ value: Value, _ user: Value) -> Bool {
        facts.isConstant(value) || facts.isPrepared(value) == facts.isPrepared(user)
    }

    /// Notes what every value reads, now that inlining is decided.
    mutating func noteReads() {
        for value in graph.values {
            var stored: [Value] = []
            var tensors: Set<Value> = []
            for operand in facts.readOperands(of: value) where graph[operand].constant == nil {
                if isInlined[operand.index] {
                    stored += storedOperands[operand.index]
                    tensors.formUnion(readTensors[operand.index])
                } else {
                    if graph[operand].operation != nil { stored.append(operand) }
                    tensors.insert(operand)
                }
            }
            storedOperands.append(stored)
            readTensors.append(tensors)
        }
    }

    /// Joins the units of two values; both keep their members in order.
    mutating func join(_ a: Value, _ b: Value) {
        let (first, second) = (units.root(a.index), units.root(b.index))
        guard first != second else { return }
        let joined = (members.removeValue(forKey: first)! + members.removeValue(forKey: second)!).sorted()
        units.join(first, second)
        members[units.root(first)] = joined
    }

    /// The graph with groups numbered so that each comes after those it reads; of several that could be next, the one that is due first.
    mutating func numbered() -> Graph {
        var graph = graph
        var pending: [Int: Int] = [:]
        var readers: [Int: [Int]] = [:]
        var ready: [Int] = []
        let stored = members.filter { !isInlined[$0.key] }
        for (root, nodes) in stored {
            let sources = Set(nodes.flatMap { storedOperands[$0.index] }.map { units.root($0.index) }).subtracting([root])
            pending[root] = sources.count
            if sources.isEmpty { ready.append(root) }
            for source in sources { readers[source, default: []].append(root) }
        }
        let due = dueTimes(of: stored)
        var number = 0
        while !ready.isEmpty {
            let next = ready.indices.min { due[ready[$0]]! < due[ready[$1]]! }!
            let root = ready.remove(at: next)
            for member in stored[root]! { graph[member].group = number }
            number += 1
            for reader in readers[root] ?? [] {
                pending[reader]! -= 1
                if pending[reader] == 0 { ready.append(reader) }
            }
        }
        for (value, rules) in rules { for rule in rules { graph[value].provenance.note(rule) } }
        precondition(number == stored.count, "the groups of '\(graph.name)' depend on each other in a circle")
        return graph
    }
}
