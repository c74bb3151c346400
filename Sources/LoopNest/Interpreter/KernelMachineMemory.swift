import Graph

/// Loads and stores, every element of which is checked.
extension KernelMachine {
    func load(_ access: borrowing KernelProgram.Access, _ to: Int) throws(KernelError) {
        let place = memory.places[access.buffer]
        let first = evaluate(access.index)
        let active = activeLanes(access)
        let start = try self.start(access, place, first, active)
        if place.isTracked { for lane in 0..<active { try trackRead(access, place, first, lane) } }
        read(place.element, from: start, stride: access.stride, count: active, to: registers + to)
        for lane in active..<lanes { registers[to + lane] = 0 }
    }

    func broadcast(_ access: borrowing KernelProgram.Access, _ to: Int) throws(KernelError) {
        let place = memory.places[access.buffer]
        let index = evaluate(access.index)
        let start = try self.start(access, place, index, 1)
        if place.isTracked { try trackRead(access, place, index, 0) }
        var value: Float = 0
        read(place.element, from: start, stride: 1, count: 1, to: &value)
        (registers + to).update(repeating: value, count: lanes)
    }

    func store(_ access: borrowing KernelProgram.Access, _ from: Int) throws(KernelError) {
        let place = memory.places[access.buffer]
        let first = evaluate(access.index)
        let active = activeLanes(access)
        let start = try self.start(access, place, first, active)
        if place.isTracked { for lane in 0..<active { try trackWrite(access, place, first, lane) } }
        write(place.element, from: registers + from, count: active, to: start, stride: access.stride)
    }

    func loadPairs(_ access: borrowing KernelProgram.Access, _ to: Int, count: Int) throws(KernelError) {
        let place = memory.places[access.buffer]
        let first = evaluate(access.index)
        let words = try start(access, place, first, 2 * count).assumingMemoryBound(to: UInt16.self)
        if place.isTracked { for element in 0..<2 * count { try trackRead(access, place, first, element) } }
        for pair in 0..<count {
            registers[to + pair] = Float(bitPattern: UInt32(words[2 * pair]) | UInt32(words[2 * pair + 1]) << 16)
        }
    }

    func storePairs(_ access: borrowing KernelProgram.Access, _ from: Int) throws(KernelError) {
        let place = memory.places[access.buffer]
        let first = evaluate(access.index)
        let words = try start(access, place, first, 2 * lanes).assumingMemoryBound(to: UInt16.self)
        if place.isTracked { for element in 0..<2 * lanes { try trackWrite(access, place, first, element) } }
        for pair in 0..<lanes {
            let bits = registers[from + pair].bitPattern
            words[2 * pair] = UInt16(truncatingIfNeeded: bits)
            words[2 * pair + 1] = UInt16(truncatingIfNeeded: bits >> 16)
        }
    }

    /// Converts elements to f32.
    private func read(
        _ element: StoredElement, from start: UnsafeMutableRawPointer, stride: Int, count: Int, to values: UnsafeMutablePointer<Float>
    ) {
        switch element {
        case .f32:
            let from = start.assumingMemoryBound(to: Float.self)
            for lane in 0..<count { values[lane] = from[lane * stride] }
        case .i32:
            let from = start.assumingMemoryBound(to: Int32.self)
            for lane in 0..<count { values[lane] = Float(from[lane * stride]) }
        case .bf16:
            let from = start.assumingMemoryBound(to: BFloat16.self)
            for lane in 0..<count { values[lane] = from[lane * stride].float }
        default: preconditionFailure("a verified kernel holds no \(element)")
        }
    }

    /// Converts f32 to elements.
    private func write(
        _ element: StoredElement, from values: UnsafeMutablePointer<Float>, count: Int, to start: UnsafeMutableRawPointer, stride: Int
    ) {
        switch element {
        case .f32:
            let to = start.assumingMemoryBound(to: Float.self)
            for lane in 0..<count { to[lane * stride] = values[lane] }
        case .i32:
            let to = start.assumingMemoryBound(to: Int32.self)
            for lane in 0..<count { to[lane * stride] = Int32(rounding: values[lane]) }
        case .bf16:
            let to = start.assumingMemoryBound(to: BFloat16.self)
            for lane in 0..<count { to[lane * stride] = BFloat16(values[lane]) }
        default: preconditionFailure("a verified kernel holds no \(element)")
        }
    }

    private func activeLanes(_ access: borrowing KernelProgram.Access) -> Int {
        guard let active = access.active else { return lanes }
        return max(0, min(lanes, evaluate(active)))
    }

    /// Where the first lane's element lies, after all active lanes' indices were checked.
    func start(
        _ access: borrowing KernelProgram.Access, _ place: KernelMemory.Place, _ first: Int, _ active: Int
    ) throws(KernelError) -> UnsafeMutableRawPointer {
        let count = place.count
        if active == 0 { return place.start }
        let (reach, isOverflow) = (active - 1).multipliedReportingOverflow(by: access.stride)
        let last = first &+ reach
        if !isOverflow, first >= 0, first < count, last >= 0, last < count, reach.magnitude < UInt(count) {
            return place.start + first * place.element.size
        }
        let wrong = (0..<active).map { first &+ $0 &* access.stride }.first { $0 < 0 || $0 >= count } ?? first
        let scope = access.scope
        throw .outOfBounds(
            kernel: program.kernel.name, statement: KernelPrinter(program.kernel).text(access.statement),
            buffer: program.kernel[BufferID(access.buffer)].name, index: wrong, count: count,
            variables: scope.map { .init(name: program.kernel.variableNames[$0.index], value: slots[$0.index]) })
    }

    func trackRead(
        _ access: borrowing KernelProgram.Access, _ place: KernelMemory.Place, _ first: Int, _ lane: Int
    ) throws(KernelError) {
        let element = place.first + first + lane * access.stride
        let me = Int32(truncatingIfNeeded: task) + 1
        let writer = memory.writers[element]
        if writer != 0, writer != me { throw dependence(access, first + lane * access.stride, writer) }
        let reader = memory.readers[element]
        if reader != me { memory.readers[element] = reader == 0 ? me : KernelMemory.many }
    }

    func trackWrite(
        _ access: borrowing KernelProgram.Access, _ place: KernelMemory.Place, _ first: Int, _ lane: Int
    ) throws(KernelError) {
        let element = place.first + first + lane * access.stride
        let me = Int32(truncatingIfNeeded: task) + 1
        let (writer, reader) = (memory.writers[element], memory.readers[element])
        if writer != 0, writer != me { throw dependence(access, first + lane * access.stride, writer) }
        if reader != 0, reader != me { throw dependence(access, first + lane * access.stride, reader) }
        memory.writers[element] = me
    }

    private func dependence(_ access: borrowing KernelProgram.Access, _ index: Int, _ other: Int32) -> KernelError {
        .dependentTasks(
            kernel: program.kernel.name, statement: KernelPrinter(program.kernel).text(access.statement),
            buffer: program.kernel[BufferID(access.buffer)].name, index: index,
            tasks: (other == KernelMemory.many ? [task] : [Int(other) - 1, task]).sorted())
    }
}
