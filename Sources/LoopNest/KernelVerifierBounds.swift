/// Whether what a kernel reads and writes lies within its buffers.
extension KernelVerifier {
    mutating func form(_ index: Index) throws(KernelError) -> IndexForm {
        guard checksAccesses else { return IndexForm(0) }
        do { return try bounds.form(index) } catch { throw self.error(error.message) }
    }

    /// - Returns: whether the loop makes no turn.
    @discardableResult
    mutating func enter(_ loop: Loop) throws(KernelError) -> Bool {
        guard checksAccesses else { return false }
        let (from, to) = (try form(loop.from), try form(loop.to))
        do {
            return try bounds.enterLoop(loop.variable, from: from, to: to, step: loop.step, unroll: loop.unroll)
        } catch {
            throw self.error(error.message)
        }
    }

    /// Takes what the conditions compare for known, until the bounds leave the scope.
    mutating func enter(_ conditions: [IndexRange]) throws(KernelError) {
        var known: [IndexForm?] = []
        for condition in conditions {
            let (index, lower, upper) = (try form(condition.index), try form(condition.lower), try form(condition.upper))
            known.append(index.adding(lower, times: -1))
            known.append(upper.adding(index, times: -1)?.adding(-1))
        }
        bounds.enterScope(known)
    }

    /// Requires that the elements `index + lane * stride`, at each place `width` of them, lie within the buffer, for the lanes before `active`,
    /// if there is one.
    mutating func verifyAccess(
        _ id: BufferID, _ index: Index, stride: Int, _ extent: (places: Int, width: Int), _ active: Index?
    ) throws(KernelError) {
        guard checksAccesses else { return }
        let first = try form(index)
        let reach = try reach(stride, extent.places)
        var count: IndexForm?
        if let active { count = try form(active) }
        guard !bounds.isDead else { return }
        // There are one or two last lanes: that of the vector, and that before the count; what is read ends at the nearer one.
        let lasts = [first.adding(reach), count.flatMap { first.adding($0, times: stride)?.adding(-stride) }].compactMap { $0 }
        var range = range(first, lasts, stride, extent.width)
        let whole = 0..<kernel[id].count
        if let count, !whole.contains(range) {
            // Where no lane is active, nothing is touched.
            bounds.enterScope([count.adding(-1)])
            if bounds.isDead { range = (0, -1) } else { range = self.range(first, lasts, stride, extent.width) }
            bounds.leaveScope()
        }
        guard !whole.contains(range) else { return }
        let (low, high) = (range.low.map(String.init) ?? "…", range.high.map(String.init) ?? "…")
        throw error("elements \(low) ... \(high) of '\(kernel[id].name)' may be touched, which has \(kernel[id].count)")
    }

    /// The least and the largest element from the first lane to the nearest of the last ones, `width` at each; nil where none is found.
    private mutating func range(_ first: IndexForm, _ lasts: [IndexForm], _ stride: Int, _ width: Int) -> (low: Int?, high: Int?) {
        func upper(_ form: IndexForm) -> Int? { form.adding(width - 1).flatMap { bounds.upper($0) } }
        if stride >= 0 { return (bounds.lower(first), lasts.compactMap(upper).min()) }
        return (lasts.compactMap { bounds.lower($0) }.max(), upper(first))
    }

    /// Requires that the numbers `index + lane * stride` fit.
    mutating func verifyCounter(_ index: Index, _ stride: Int) throws(KernelError) {
        guard checksAccesses else { return }
        _ = try form(index)
        _ = try reach(stride, kernel.lanes)
    }

    /// How far the last lane is from the first.
    private func reach(_ stride: Int, _ lanes: Int) throws(KernelError) -> Int {
        guard stride.magnitude <= IndexBounds.largest.magnitude else { throw error(BoundsError.tooLarge.message) }
        return stride * (lanes - 1)
    }
}

extension Range<Int> {
    /// Whether both ends of what may be touched are known and lie within.
    fileprivate func contains(_ range: (low: Int?, high: Int?)) -> Bool {
        guard let low = range.low, let high = range.high else { return false }
        return high < low || (low >= lowerBound && high < upperBound)
    }
}
