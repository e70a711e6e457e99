# See simulate. Counties are ordered by state; reports by date, state, county, as in the real file.
# Places are whole numbers, ten thousandths of a degree.

# Park and Miller's generator: exact in doubles (16807 * 2^31 < 2^53).
function random(n) {
    seed = (seed * 16807) % 2147483647
    return seed % n
}

function pick(words,    list, n) {
    n = split(words, list, " ")
    return list[random(n) + 1]
}

# Days of 2020 since 22 January: date text of day d (0 = 2020-01-22).
function dates_make(    d, month, day, lengths) {
    split("31 29 31 30 31 30 31 31 30 31 30 31", lengths, " ")
    month = 1; day = 22
    for (d = 0; d < DAYS; d++) {
        date[d] = sprintf("2020-%02d-%02d", month, day)
        if (++day > lengths[month]) { day = 1; month++ }
    }
}

# ---- places

# Code, name, counties, about where.
function states_make(    text, rows, n, i, part) {
    text = "01 Alabama 67 32.8 -86.8;02 Alaska 29 62.5 -150.5;04 Arizona 15 34.2 -111.6;05 Arkansas 75 34.8 -92.4;" \
        "06 California 58 36.8 -119.7;08 Colorado 64 39.0 -105.5;09 Connecticut 8 41.6 -72.7;10 Delaware 3 39.0 -75.5;" \
        "11 District_of_Columbia 1 38.9 -77.0;12 Florida 67 28.2 -82.0;13 Georgia 159 32.7 -83.4;15 Hawaii 5 20.6 -156.8;" \
        "16 Idaho 44 44.4 -114.5;17 Illinois 102 40.0 -89.2;18 Indiana 92 39.9 -86.3;19 Iowa 99 42.1 -93.5;" \
        "20 Kansas 105 38.5 -98.4;21 Kentucky 120 37.5 -85.3;22 Louisiana 64 31.0 -92.0;23 Maine 16 45.3 -69.2;" \
        "24 Maryland 24 39.1 -76.8;25 Massachusetts 14 42.3 -71.8;26 Michigan 83 44.2 -85.0;27 Minnesota 87 46.2 -94.3;" \
        "28 Mississippi 82 32.7 -89.7;29 Missouri 115 38.4 -92.5;30 Montana 56 47.0 -109.6;31 Nebraska 93 41.5 -99.8;" \
        "32 Nevada 17 39.4 -116.6;33 New_Hampshire 10 43.7 -71.6;34 New_Jersey 21 40.2 -74.7;35 New_Mexico 33 34.4 -106.1;" \
        "36 New_York 62 42.9 -75.6;37 North_Carolina 100 35.6 -79.4;38 North_Dakota 53 47.4 -100.5;39 Ohio 88 40.3 -82.8;" \
        "40 Oklahoma 77 35.6 -97.5;41 Oregon 36 43.9 -120.6;42 Pennsylvania 67 40.9 -77.8;44 Rhode_Island 5 41.7 -71.6;" \
        "45 South_Carolina 46 33.9 -80.9;46 South_Dakota 66 44.4 -100.2;47 Tennessee 95 35.8 -86.3;48 Texas 254 31.5 -99.3;" \
        "49 Utah 29 39.3 -111.7;50 Vermont 14 44.1 -72.7;51 Virginia 133 37.5 -78.8;53 Washington 39 47.4 -120.4;" \
        "54 West_Virginia 55 38.6 -80.6;55 Wisconsin 72 44.6 -89.9;56 Wyoming 23 43.0 -107.5"
    n = split(text, rows, ";")
    for (i = 1; i <= n; i++) {
        split(rows[i], part, " ")
        gsub("_", " ", part[2])
        counties_make(part[1], part[2], part[3], part[4] * 10000, part[5] * 10000, i * 7)
    }
}

# A grid around the state's centre, a little disturbed; the largest county is the first, in the middle.
function counties_make(code, name, count, lat_of_state, lng_of_state, phase_of_state,    k, side, at, first, second) {
    first = "Alder Amber Ash Birch Briar Cedar Clover Copper Elm Fern Flint Granite Hazel Heron Iris Juniper" \
        " Larch Laurel Linden Maple Marsh Meadow Moss Oak Otter Pine Quail Raven Reed Rowan Sage Sorrel Spruce" \
        " Swift Thorn Willow"
    second = "bridge brook bury dale field ford gate grove ham haven hurst land ley mere mont port ridge side" \
        " stead ton vale view ville well wick wood"
    side = 1
    while (side * side < count) side++
    for (k = 1; k <= count; k++) {
        fips[++total] = sprintf("%s%03d", code, 2 * k - 1)
        state[total] = name
        county[total] = pick(first) pick(second)
        # A few large counties, many small ones.
        people[total] = 900 + random(30000)
        if (random(4) == 0) people[total] += random(200000)
        if (random(40) == 0) people[total] += 300000 + random(1200000)
        if (k == 1) people[total] += (code == "06" ? 7000000 : 800000) + random(2600000)
        at = (k - 1 + int(count / 2)) % count
        lat[total] = lat_of_state + (int(at / side) - int(side / 2)) * 5000 + random(1600) - 800
        lng[total] = lng_of_state + (at % side - int(side / 2)) * 6400 + random(2000) - 1000
        phase[total] = phase_of_state + random(12)
        strength[total] = 60 + random(80)
        start[total] = people[total] > 400000 ? 35 + random(20) : 52 + random(35)
        if (k == 1) capital[++states] = total
    }
}

function airport_make(i) {
    airport[i] = ++airports
    at_county[airports] = i
    code[airports] = sprintf("%c%c%c", 65 + int(airports / 676), 65 + int(airports / 26) % 26, 65 + airports % 26)
    airport_lat[airports] = lat[i] + random(1200) - 600
    airport_lng[airports] = lng[i] + random(1200) - 600
}

# The first SERVED airports have routes: the states' largest counties, then one county in eight.
function airports_make(    s, i) {
    for (s = 1; s <= states; s++) airport_make(capital[s])
    for (i = 5; i <= total && airports < SERVED; i += 8) if (!(i in airport)) airport_make(i)
    for (i = 2; i <= total && airports < AIRPORTS; i++) if (!(i in airport) && random(2) == 0) airport_make(i)
}

# ---- routes

function route_make(a, b,    low, high) {
    if (a == b || routes == ROUTES) return
    low = a < b ? a : b
    high = a < b ? b : a
    if ((low, high) in joined) return
    joined[low, high] = 1
    from[++routes] = low
    to[routes] = high
}

function square(x) { return x * x }

function apart(a, b) {
    return square(airport_lat[a] - airport_lat[b]) + square((airport_lng[a] - airport_lng[b]) * 0.78)
}

# Every served airport hangs on a hub, mostly the nearest; hubs fly to each other; then airports of
# one hub to each other, and now and then to any.
function routes_make(    a, b, h, near, hubs_text) {
    hubs_text = "3 5 6 10 11 14 24 34 38 44 48 33"
    HUBS = split(hubs_text, hubs, " ")
    for (h = 1; h <= HUBS; h++) hub[hubs[h]] = h
    for (a = 1; a <= SERVED; a++) {
        if (a in hub) continue
        near = 1
        for (h = 2; h <= HUBS; h++) if (apart(a, hubs[h]) < apart(a, hubs[near])) near = h
        hub[a] = random(10) < 7 ? near : random(HUBS) + 1
        route_make(hubs[hub[a]], a)
    }
    for (a = 1; a <= HUBS; a++) for (b = a + 1; b <= HUBS; b++) route_make(hubs[a], hubs[b])
    while (routes < ROUTES) {
        a = random(SERVED) + 1
        b = random(SERVED) + 1
        if (hub[a] == hub[b] || random(8) == 0) route_make(a, b)
    }
}

# A county near a served airport gets the wave of that airport's hub, some days later. Airports lie in
# bands of 5,400, so that only those of three are looked at.
function waves_travel(    h, i, a, n, band, near, best, distance) {
    for (h = 1; h <= HUBS; h++) {
        phase_of_hub[h] = (h * 31) % 90
        strength_of_hub[h] = 55 + 12 * ((h * 5) % 12)
    }
    for (a = 1; a <= SERVED; a++) {
        band = int(airport_lat[a] / 5400)
        in_band[band, ++band_count[band]] = a
    }
    for (i = 1; i <= total; i++) {
        best = 5400 * 5400
        near = 0
        for (band = int(lat[i] / 5400) - 1; band <= int(lat[i] / 5400) + 1; band++) {
            for (n = 1; n <= band_count[band]; n++) {
                a = in_band[band, n]
                distance = square(lat[i] - airport_lat[a]) + square((lng[i] - airport_lng[a]) * 0.78)
                if (distance < best) { best = distance; near = a }
            }
        }
        if (!near) continue
        h = hub[near]
        phase[i] = phase_of_hub[h] + (near == hubs[h] ? 0 : 4 + near % 9)
        strength[i] = int(strength_of_hub[h] * (92 + random(9) + random(9)) / 100)
    }
}

# New cases a day per million people: three waves, each a triangle, moved by the phase.
function wave(d, phase,    t, w) {
    w = 5
    t = d - 75 - phase % 20;  if (t < 0) t = -t; if (t < 30) w += (30 - t) * 3
    t = d - 178 - phase % 25; if (t < 0) t = -t; if (t < 40) w += (40 - t) * 5
    t = d - 310 - phase % 30; if (t < 0) t = -t; if (t < 85) w += (85 - t) * 9
    return w
}

# Moves the first days until the counties together have exactly ROWS reports.
function starts_fit(    i, sum, step) {
    sum = 0
    for (i = 1; i <= total; i++) sum += DAYS - start[i]
    i = 1
    while (sum != ROWS) {
        step = sum < ROWS ? -1 : 1
        if (start[i] + step >= 1 && start[i] + step < DAYS - 30) { start[i] += step; sum -= step }
        i = i % total + 1
    }
}

# ---- files

function places_write(    i, file) {
    file = out "/counties.csv"
    print "fips,county,state,lat,lng,population" > file
    for (i = 1; i <= total; i++)
        printf "%s,%s,%s,%.4f,%.4f,%d\n", fips[i], county[i], state[i], lat[i] / 10000, lng[i] / 10000, people[i] > file
    close(file)
    file = out "/airports.csv"
    print "iata,name,city,lat,lng" > file
    for (i = 1; i <= airports; i++)
        printf "%s,%s Airport,%s,%.4f,%.4f\n", code[i], county[at_county[i]], county[at_county[i]], \
            airport_lat[i] / 10000, airport_lng[i] / 10000 > file
    close(file)
    file = out "/routes.csv"
    print "origin,dest" > file
    for (i = 1; i <= routes; i++) print code[from[i]] "," code[to[i]] > file
    close(file)
}

function reports_write(    file, d, i, fresh, gone, shown, more, corrected) {
    file = out "/dailyc19.csv"
    print "date,county,state,fips,cases,deaths" > file
    for (d = 0; d < DAYS; d++) {
        for (i = 1; i <= total; i++) {
            if (d < start[i]) continue
            # Thousandths of a case are carried on, so small counties have cases too.
            carry[i] += int(people[i] * wave(d, phase[i]) / 1000) * strength[i] * (80 + random(41)) / 10000
            fresh = int(carry[i] / 1000)
            carry[i] -= fresh * 1000
            if (d == start[i] && fresh == 0) fresh = 1
            cases[i] += fresh
            dying[i] += fresh * (8 + random(25))
            gone = int(dying[i] / 1000)
            dying[i] -= gone * 1000
            deaths[i] += gone
            shown = cases[i]
            # 41 counties take cases back on the last two days.
            if (d == DAYS - 3 && cases[i] > 200 && i % 7 == 3 && corrected < 41) {
                corrected++
                kept[i] = cases[i] - 30
            }
            if (d > DAYS - 3 && i in kept) shown = kept[i]
            more = (d == start[i] && (i == 10 || i == 900 || i == 2000)) ? shown + 1 : deaths[i]
            print date[d] "," county[i] "," state[i] "," fips[i] "," shown "," more > file
        }
    }
    close(file)
}

BEGIN {
    seed = 20200122
    DAYS = 303
    ROWS = 720998
    AIRPORTS = 1251
    SERVED = 436
    ROUTES = 2787
    dates_make()
    states_make()
    airports_make()
    routes_make()
    waves_travel()
    starts_fit()
    places_write()
    reports_write()
}
