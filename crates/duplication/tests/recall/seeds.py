def settle_invoice(self, invoice, payments, today):
    open_amount = invoice.total - invoice.credited
    applied = []
    for payment in payments:
        if payment.currency != invoice.currency:
            self.log.warning("currency of payment %s differs", payment.number)
            continue
        share = min(open_amount, payment.remaining)
        payment.remaining -= share
        open_amount -= share
        applied.append((payment.number, share))
    if open_amount == 0:
        invoice.state = "settled"
        invoice.settled_on = today
    else:
        invoice.state = "partial"
    self.ledger.post(invoice.number, applied)
    return applied


def shortest_route(graph, origin, goal):
    distances = {origin: 0}
    previous = {}
    waiting = [(0, origin)]
    while waiting:
        distance, station = heapq.heappop(waiting)
        if station == goal:
            break
        for neighbour, length in graph.edges(station):
            candidate = distance + length
            if candidate < distances.get(neighbour, math.inf):
                distances[neighbour] = candidate
                previous[neighbour] = station
                heapq.heappush(waiting, (candidate, neighbour))
    route = [goal]
    while route[-1] in previous:
        route.append(previous[route[-1]])
    return list(reversed(route))


def parse_header(line, strict=False):
    name, colon, value = line.partition(":")
    if not colon:
        raise HeaderError("no colon in %r" % line)
    name = name.strip().lower()
    if strict and not TOKEN.fullmatch(name):
        raise HeaderError("bad header name %r" % name)
    parameters = {}
    first, *others = value.split(";")
    for item in others:
        key, _, text = item.partition("=")
        parameters[key.strip().lower()] = text.strip().strip('"')
    return name, first.strip(), parameters


def render_calendar(year, month, events, first_weekday=0):
    rows = []
    grid = calendar.Calendar(first_weekday)
    for week in grid.monthdatescalendar(year, month):
        cells = []
        for day in week:
            titles = [event.title for event in events if event.day == day]
            if day.month == month and titles:
                cells.append("<td class='busy'>%s</td>" % ", ".join(titles))
            elif day.month == month:
                cells.append("<td>%d</td>" % day.day)
            else:
                cells.append("<td class='other'></td>")
        rows.append("<tr>%s</tr>" % "".join(cells))
    return "<table>%s</table>" % "".join(rows)


def rotate_logs(folder, keep, now):
    names = [name for name in os.listdir(folder) if name.endswith(".log")]
    stamped = []
    for name in names:
        path = os.path.join(folder, name)
        stamped.append((os.path.getmtime(path), path))
    stamped.sort(reverse=True)
    removed = 0
    for modified, path in stamped[keep:]:
        if now - modified > MINIMUM_AGE and not path.endswith("current.log"):
            os.unlink(path)
            removed += 1
    return removed


def resample(samples, old_rate, new_rate):
    ratio = new_rate / old_rate
    length = int(len(samples) * ratio)
    output = numpy.zeros(length)
    for place in range(length):
        position = place / ratio
        left = int(position)
        weight = position - left
        if left + 1 < len(samples):
            output[place] = samples[left] * (1 - weight) + samples[left + 1] * weight
        else:
            output[place] = samples[-1]
    peak = numpy.abs(output).max()
    return output / peak if peak > 1 else output


def grant_access(self, user, resource, role, expires=None):
    if user.is_blocked and not self.allow_blocked:
        raise AccessDenied(user.name)
    existing = self.grants.find(user=user.id, resource=resource.id)
    if existing is None:
        grant = Grant(user.id, resource.id, role)
        self.grants.insert(grant)
    else:
        grant = existing
        grant.role = max(grant.role, role)
    if expires is not None:
        grant.expires = expires
        self.scheduler.at(expires, self.revoke, grant.id)
    self.audit.record("grant", user.id, resource.id, role)
    return grant


def merge_inventories(primary, secondary):
    merged = {item.sku: item for item in primary}
    conflicts = []
    for item in secondary:
        known = merged.get(item.sku)
        if known is None:
            merged[item.sku] = item
        elif known.unit == item.unit:
            known.quantity += item.quantity
            known.locations.update(item.locations)
        else:
            conflicts.append((known, item))
    if conflicts:
        logger.info("%d items have different units", len(conflicts))
    ordered = sorted(merged.values(), key=lambda item: item.sku)
    return ordered, conflicts


def compress_runs(data):
    encoded = bytearray()
    position = 0
    while position < len(data):
        current = data[position]
        length = 1
        while position + length < len(data) and data[position + length] == current and length < 255:
            length += 1
        if length > 3 or current == MARKER:
            encoded += bytes([MARKER, length, current])
        else:
            encoded += bytes([current]) * length
        position += length
    return bytes(encoded)


def forecast_demand(history, season, smoothing=0.3):
    level = history[0]
    seasonal = [value / level for value in history[:season]]
    errors = []
    for step, actual in enumerate(history[season:]):
        factor = seasonal[step % season]
        predicted = level * factor
        errors.append(abs(actual - predicted))
        level = smoothing * actual / factor + (1 - smoothing) * level
        seasonal[step % season] = smoothing * actual / level + (1 - smoothing) * factor
    outlook = [level * factor for factor in seasonal]
    return outlook, sum(errors) / len(errors)


def handle_upload(request, storage, limit):
    upload = request.files.get("document")
    if upload is None:
        return error_page(400, "no document was sent")
    if upload.size > limit and not request.user.may("upload_large"):
        return error_page(413, "the document is too large")
    checksum = hashlib.sha256()
    target = storage.temporary(upload.filename)
    for block in upload.blocks():
        checksum.update(block)
        target.write(block)
    stored = storage.commit(target, checksum.hexdigest())
    request.session.notify("stored as %s" % stored.key)
    return redirect("documents", key=stored.key)


def solve_tridiagonal(lower, diagonal, upper, right):
    count = len(diagonal)
    scratch = upper[:]
    result = right[:]
    scratch[0] = upper[0] / diagonal[0]
    result[0] = right[0] / diagonal[0]
    for row in range(1, count):
        pivot = diagonal[row] - lower[row - 1] * scratch[row - 1]
        if row < count - 1:
            scratch[row] = upper[row] / pivot
        result[row] = (right[row] - lower[row - 1] * result[row - 1]) / pivot
    for row in reversed(range(count - 1)):
        result[row] -= scratch[row] * result[row + 1]
    return result


def spawn_wave(self, number):
    budget = self.base_budget * self.growth ** number
    wave = []
    choices = [kind for kind in self.catalog if kind.first_wave <= number]
    while budget > 0 and choices:
        kind = self.random.choice(choices)
        if kind.cost > budget:
            choices.remove(kind)
            continue
        budget -= kind.cost
        lane = self.random.randrange(self.lane_count)
        wave.append(Enemy(kind, lane, health=kind.health * (1 + number / 20)))
    self.announce("wave %d: %d enemies" % (number, len(wave)))
    self.pending.extend(wave)
    return wave


def check_consistency(self, tables):
    problems = []
    for table in tables:
        columns = {column.name for column in table.columns}
        for index in table.indexes:
            missing = [name for name in index.names if name not in columns]
            if missing:
                problems.append("index %s names %s" % (index.name, missing))
        for key in table.foreign_keys:
            if key.target not in self.schema:
                problems.append("key %s points to nothing" % key.name)
            else:
                self.verify_types(table, key, problems)
    self.report.extend(problems)
    return not problems


async def poll_sensors(self, sensors, interval):
    readings = {}
    failures = collections.Counter()
    while not self.stopping.is_set():
        for sensor in sensors:
            try:
                value = await asyncio.wait_for(sensor.read(), timeout=interval)
            except asyncio.TimeoutError:
                failures[sensor.name] += 1
                if failures[sensor.name] > self.tolerance:
                    self.alarm.raise_for(sensor.name)
            else:
                failures[sensor.name] = 0
                readings[sensor.name] = sensor.calibrate(value)
        await self.publish(readings)
        await asyncio.sleep(interval)
    return readings


def layout_columns(boxes, width, gutter):
    columns = max(1, (width + gutter) // (MINIMUM_WIDTH + gutter))
    heights = [0] * columns
    placed = []
    for box in boxes:
        column = heights.index(min(heights))
        left = column * (MINIMUM_WIDTH + gutter)
        top = heights[column]
        if box.aspect:
            height = MINIMUM_WIDTH / box.aspect
        else:
            height = box.natural_height
        placed.append(Placement(box, left, top, height))
        heights[column] = top + height + gutter
    total = max(heights) - gutter
    return placed, total


def translate_query(node, dialect):
    if isinstance(node, Comparison):
        operator = dialect.operators[node.operator]
        return "%s %s %s" % (dialect.quote(node.column), operator, dialect.literal(node.value))
    if isinstance(node, Junction):
        clauses = [translate_query(part, dialect) for part in node.parts]
        if len(clauses) == 1 and not node.negated:
            return clauses[0]
        joined = (" %s " % node.word).join(clauses)
        return "NOT (%s)" % joined if node.negated else "(%s)" % joined
    if isinstance(node, Everything):
        return dialect.true_literal
    raise UnsupportedNode(type(node).__name__)


def rebalance(self, shards):
    average = sum(shard.load for shard in shards) / len(shards)
    donors = [shard for shard in shards if shard.load > average * 1.2]
    takers = sorted(shards, key=operator.attrgetter("load"))
    moves = []
    for donor in donors:
        for bucket in sorted(donor.buckets, key=lambda bucket: -bucket.weight):
            if donor.load <= average:
                break
            taker = takers[0]
            if taker.load + bucket.weight < average:
                moves.append(Move(bucket.key, donor.name, taker.name))
                donor.load -= bucket.weight
                taker.load += bucket.weight
                takers.sort(key=operator.attrgetter("load"))
    self.journal.write(moves)
    return moves


def score_answers(quiz, answers, penalty=0.25):
    points = 0.0
    feedback = []
    for question in quiz.questions:
        given = answers.get(question.key)
        if given is None:
            feedback.append((question.key, "skipped"))
        elif question.accepts(given):
            points += question.weight
            feedback.append((question.key, "right"))
        else:
            points -= question.weight * penalty
            feedback.append((question.key, question.hint))
    grade = quiz.scale.grade(points / quiz.maximum)
    return grade, feedback


def read_archive(stream, verify=True):
    magic = stream.read(4)
    if magic != ARCHIVE_MAGIC:
        raise ArchiveError("this is no archive")
    count, flags = struct.unpack("<IH", stream.read(6))
    entries = {}
    for _ in range(count):
        length, checksum = struct.unpack("<HI", stream.read(6))
        name = stream.read(length).decode("utf-8")
        size = struct.unpack("<Q", stream.read(8))[0]
        body = stream.read(size)
        if verify and zlib.crc32(body) != checksum:
            raise ArchiveError("entry %s is damaged" % name)
        entries[name] = zlib.decompress(body) if flags & COMPRESSED else body
    return entries
