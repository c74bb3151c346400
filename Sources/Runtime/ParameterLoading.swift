import Foundation
import Graph

extension Executable {
    /// The bytes of all parameters, as a file holds them.
    public var parameterBytes: Int {
        plan.parameters.reduce(0) { $0 + StoredElement.f32.size * plan.buffers[$1.buffer].extents.reduce(1, *) }
    }

    /// Sets all parameters that `source` has, and prepares what depends on them.
    ///
    /// Each is asked for just before the first preparation step that reads it, and lies in memory only as long as the plan says. Outputs
    /// of the last run are gone afterwards. A source that gives another number of values than a parameter has is a broken one; where the plan
    /// does not keep parameters, the source must have all of them.
    ///
    /// - Returns: the parameters that hold values that are not finite, in the order in which they are asked for.
    /// - Throws: what the source throws; the parameters must then be set again.
    @discardableResult
    public func setParameters<Source: ParameterSource>(from source: Source) throws(Source.Failure) -> [NonFiniteValues] {
        var found: [NonFiniteValues] = []
        try prepare { (parameter, index) throws(Source.Failure) in
            let buffer = plan.buffers[index]
            guard buffer.element == .f32 else { return }
            let copy = LayoutCopy(buffer.layout, buffer.extents)
            let start = clearedPlace(of: index)
            var row = 0
            let tally = NonFiniteTally()
            let granule = copy.rowLength * LayoutCopy.rowsAtOnce
            let isFound = try source.read(parameter, extents: buffer.extents, granule: granule) { values in
                let rows = row..<row + values.count / max(1, copy.rowLength)
                precondition(
                    rows.upperBound <= copy.rowCount && rows.count * copy.rowLength == values.count,
                    "\(parameter.name): \(values.count) values from row \(row) on do not fit \(buffer.extents)")
                if let base = values.baseAddress, !rows.isEmpty { RowScatter.run(pool, copy, rows, base, to: start, noting: tally) }
                row = rows.upperBound
            }
            precondition(isFound || !isConsumed[index], "the source of parameters lacks '\(parameter.name)'")
            precondition(
                !isFound || row == copy.rowCount || copy.count == 0, "\(parameter.name): values for \(row) rows of \(copy.rowCount)")
            if let values = tally.values(name: parameter.name, extents: buffer.extents) { found.append(values) }
        }
        return found
    }

    /// Takes over all parameters that `other` has too: for an evaluation between steps of a training, or another batch size.
    ///
    /// - Parameter nameThere: what a parameter is called there.
    /// - Throws: `RuntimeError` if a shared parameter has another shape or element type there, or is not kept there.
    public func copyParameters(
        from other: Executable, named nameThere: (String) -> String = { $0 }
    ) throws(RuntimeError) {
        for (parameter, index) in plan.parameters {
            guard let source = other.parameters[nameThere(parameter.name)] else { continue }
            let (mine, theirs) = (plan.buffers[index], other.plan.buffers[source])
            guard mine.extents == theirs.extents else {
                throw .wrongCount(name: parameter.name, expected: mine.extents, observed: theirs.extents.reduce(1, *))
            }
            guard mine.element == theirs.element else {
                throw .wrongElement(name: parameter.name, expected: mine.element, observed: theirs.element)
            }
            if other.isConsumed[source] { throw .notKept(name: parameter.name) }
        }
        try prepare { (parameter, index) throws(RuntimeError) in
            guard let source = other.parameters[nameThere(parameter.name)] else {
                precondition(!isConsumed[index], "'\(other.plan.name)' lacks '\(parameter.name)'")
                return
            }
            let (mine, theirs) = (plan.buffers[index], other.plan.buffers[source])
            let from = other.places[source].buffer.start + other.places[source].offset
            if mine.layout == theirs.layout {
                memcpy(places[index].buffer.start + places[index].offset, from, mine.bytes)
            } else {
                // Elements of both types have 4 bytes.
                let values = LayoutCopy(theirs.layout, theirs.extents)
                let rowMajor = values.gather(
                    UnsafeMutableBufferPointer(start: from.assumingMemoryBound(to: Float.self), count: theirs.count))
                let to = clearedPlace(of: index)
                rowMajor.withUnsafeBufferPointer {
                    LayoutCopy(mine.layout, mine.extents).scatter($0, to: .init(start: to, count: mine.count))
                }
            }
        }
    }

    /// Goes through the preparation: fills every parameter before the first step that reads it, then those that no preparation reads.
    private func prepare<Failure>(_ fill: (Parameter, Int) throws(Failure) -> Void) throws(Failure) {
        mustPrepare = true
        var waiting = Dictionary(plan.parameters.map { ($0.buffer, $0.parameter) }) { first, _ in first }
        var tensors = Dictionary(plan.tensors.map { ($0.buffer, $0.values) }) { first, _ in first }
        defer { preparation.range = plan.preparation.indices }
        for (number, step) in plan.preparation.enumerated() {
            for buffer in step.buffers {
                if let parameter = waiting.removeValue(forKey: buffer) { try fill(parameter, buffer) }
                if let tensor = tensors.removeValue(forKey: buffer) { store(tensor, in: buffer) }
            }
            preparation.range = number..<number + 1
            preparation.run()
        }
        for (parameter, buffer) in plan.parameters where waiting[buffer] != nil { try fill(parameter, buffer) }
        for (buffer, tensor) in tensors { store(tensor, in: buffer) }
        if plan.temporaryBytes > plan.arenaBytes { arena.release(from: plan.arenaBytes) }
        mustPrepare = false
    }

    /// Stores a tensor of the program's own in the layout of its buffer.
    func store(_ tensor: ConstantTensor, in index: Int) {
        let (buffer, start) = (plan.buffers[index], clearedPlace(of: index))
        tensor.values.withUnsafeBufferPointer {
            LayoutCopy(buffer.layout, buffer.extents).scatter($0, to: UnsafeMutableBufferPointer(start: start, count: buffer.count))
        }
    }

    /// The place of a parameter, with zeros in its padding: temporary memory holds what was there before.
    private func clearedPlace(of index: Int) -> UnsafeMutablePointer<Float> {
        let (buffer, place) = (plan.buffers[index], places[index])
        let elements = place.buffer.elements(Float.self, at: place.offset, count: buffer.count)
        if isConsumed[index], buffer.count > buffer.extents.reduce(1, *) { elements.update(repeating: 0) }
        return elements.baseAddress!
    }
}
