import Graph

extension Executable {
    /// Sets an input image by image, on all threads: no copy of the whole is made elsewhere.
    ///
    /// - Parameter fill: makes the values of one image of the batch, in row-major order; must set all of them. Any thread calls it.
    /// - Throws: `RuntimeError`, where there is no such input, or its elements are others.
    public func fillInput<Element: TensorElement>(
        _ name: String, with fill: @escaping @Sendable (_ image: Int, _ values: UnsafeMutableBufferPointer<Element>) -> Void
    ) throws(RuntimeError) {
        let index = try find("input", name, in: inputs)
        let (stored, copy) = try elements(name, index, Element.self)
        guard copy.count > 0 else { return }
        pool.run(InputFilling(stored, copy, images: plan.buffers[index].extents.first ?? 1, threads: pool.threads, fill))
    }
}

/// Images are dealt out to the threads in turn.
private final class InputFilling<Element: TensorElement>: ParallelJob {
    private let stored: UnsafeMutableBufferPointer<Element>
    private let copy: LayoutCopy
    private let images: Int
    private let threads: Int
    private let fill: @Sendable (Int, UnsafeMutableBufferPointer<Element>) -> Void

    init(
        _ stored: UnsafeMutableBufferPointer<Element>, _ copy: LayoutCopy, images: Int, threads: Int,
        _ fill: @escaping @Sendable (Int, UnsafeMutableBufferPointer<Element>) -> Void
    ) {
        precondition(copy.isRowMajor || copy.rowCount % images == 0, "an image is no whole rows")
        (self.stored, self.copy, self.images, self.threads, self.fill) = (stored, copy, images, threads, fill)
    }

    func run(thread: Int) {
        let size = copy.count / images
        for image in stride(from: thread, to: images, by: threads) {
            if copy.isRowMajor {
                fill(image, UnsafeMutableBufferPointer(rebasing: stored[image * size..<(image + 1) * size]))
                continue
            }
            withUnsafeTemporaryAllocation(of: Element.self, capacity: size) { values in
                fill(image, values)
                let rows = copy.rowCount / images
                copy.scatter(values.baseAddress!, rows: image * rows..<(image + 1) * rows, to: stored.baseAddress!)
            }
        }
    }
}
